import { hash } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { type ApiKey, createApiKey, FileKeyStore } from 'fastify-dbgpt-auth'

const KEYS = 100_000
const RELOADS = 5
const LONGEST_WAIT_MS = 20_000

const FORMS: Readonly<Record<string, (keys: readonly ApiKey[]) => string>> = {
  'as the command writes it': keys => `{"keys":[\n${keys.map(key => JSON.stringify(key)).join(',\n')}\n]}\n`,
  'pretty-printed': keys => JSON.stringify({ keys }, null, 2),
  'all on one line': keys => JSON.stringify({ keys })
}

const keys = Array.from({ length: KEYS }, (_, index) => createApiKey({
  digest: hash('sha256', `key ${index}`, 'hex'), name: `client ${index}`, createdAt: new Date(1.7e12 + index)
}))
console.log(`Node ${process.version}, a JSON file of ${KEYS.toLocaleString('en')} keys`)
for (const [form, write] of Object.entries(FORMS)) await measure(form, write)

async function measure (form: string, write: (keys: readonly ApiKey[]) => string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dbgpt-auth-'))
  const file = join(folder, 'keys.json')
  try {
    for (let missing = 0; missing <= RELOADS; missing++) await writeFile(`${file}.${missing}`, write(keys.slice(missing)))
    await rename(`${file}.0`, file)
    const store = new FileKeyStore(file)
    const start = performance.now()
    await store.open()
    console.log(`${form}: loaded in ${(performance.now() - start).toFixed(0)} ms`)
    await pause(1000)

    // A timer of one millisecond, whose delays are what a request would have waited.
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    for (let missing = 1; missing <= RELOADS; missing++) {
      await rename(`${file}.${missing}`, file)
      const begin = performance.now()
      while ((await store.list()).length !== KEYS - missing) {
        if (performance.now() - begin > LONGEST_WAIT_MS) throw new Error('the file was not reloaded')
        await pause(50)
      }
    }
    delay.disable()
    const [p50, p99, max] = [delay.percentile(50), delay.percentile(99), delay.max].map(ns => (ns / 1e6).toFixed(1))
    console.log(`  ${RELOADS} reloads: the event loop was late by ${p50} ms (median), ${p99} ms (99th percentile), ${max} ms (longest)`)
    await store.close()
  } finally {
    await rm(folder, { recursive: true })
  }
}
