/** What is used of a client of `@redis/client`, as `createClient`, `createCluster` and `createSentinel` make them. */
export interface RedisClient {
  connect (): Promise<unknown>
  destroy (): unknown
  on (event: string, listener: (error: Error & { error: Error }) => void): unknown
  eval (script: string, options: { keys: string[], arguments: string[] }): Promise<unknown>
  hScan (key: string, cursor: string, options: { COUNT: number }): Promise<unknown>
  xRead (stream: { key: string, id: string }, options: { COUNT: number, BLOCK?: number }): Promise<unknown>
}

/** Makes a client that is not connected yet; a connection owns it. */
export type CreateClient = () => RedisClient | Promise<RedisClient>
