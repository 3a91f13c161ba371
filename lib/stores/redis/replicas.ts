import type { RedisClient } from './client.ts'

/** What clients of single servers, of clusters and of Sentinel have for this, each its own. */
interface Kinds {
  wait? (replicas: number, ms: number): Promise<number>
  use? <T> (work: (lease: Kinds & Pick<RedisClient, 'eval'>) => Promise<T>): Promise<T>
  readonly slots?: readonly { readonly master: unknown }[]
  nodeClient? (node: unknown): Promise<Required<Pick<Kinds, 'wait'>>>
  sendCommand (key: string, isReadonly: boolean, args: string[]): Promise<unknown>
}

export type Confirm = (replicas: number, ms: number) => Promise<number>

/**
 * Makes a change, and can wait for its replicas: Redis counts those that have what came over one and the same
 * connection before.
 *
 * @param work - makes the change; its second argument waits, and tells how many replicas have confirmed
 */
export async function withReplicas<T> (
  client: RedisClient, key: string, replicas: number, work: (client: Pick<RedisClient, 'eval'>, confirm: Confirm) => Promise<T>
): Promise<T> {
  const kind = client as unknown as Kinds
  // Sentinel may have several connections to the master, and lends one, which takes tens of milliseconds of CPU time.
  if (replicas > 0 && kind.use !== undefined) {
    return await kind.use(async lease => await work(lease, async (...args) => await wait(lease, args)))
  }
  return await work(client, async (...args) => await wait(await nodeOf(kind, key), args))
}

async function wait (node: Kinds | Required<Pick<Kinds, 'wait'>>, args: Parameters<Confirm>): Promise<number> {
  return await node.wait?.(...args) ?? 0
}

/** A cluster would ask the replicas of every master. */
async function nodeOf (kind: Kinds, key: string): Promise<Kinds | Required<Pick<Kinds, 'wait'>>> {
  if (kind.nodeClient === undefined) return kind
  const slot = await kind.sendCommand(key, true, ['CLUSTER', 'KEYSLOT', key]) as number
  return await kind.nodeClient(kind.slots?.[slot]?.master)
}
