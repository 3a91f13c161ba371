import { createApiKey, MemoryKeyStore } from 'fastify-dbgpt-auth'
import { makeKey } from './keys.ts'

/**
 * Measures what a key costs a key store in memory.
 *
 * @param count - the number of keys
 * @returns bytes of the heap a key
 */
export async function measureMemory (count: number): Promise<number> {
  const store = new MemoryKeyStore()
  const before = heapUsed()
  for (let index = 0; index < count; index++) await store.add(createApiKey(makeKey()))
  const bytes = (heapUsed() - before) / count
  // What is read later is not collected before.
  if ((await store.list()).length !== count) throw new Error('The store lost a key')
  return bytes
}

function heapUsed (): number {
  if (globalThis.gc === undefined) throw new Error('Run node with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
