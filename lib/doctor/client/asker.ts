import { portOf } from './address.ts'
import { exchange } from './exchange.ts'
import type { Outcome } from './outcome.ts'

const MAX_REQUESTS = 15
const MAX_RUN_MS = 60_000
/** What a program that calls an API sends. */
const COMMON = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'dbgpt-auth-doctor' }

/** What all requests of a run share. */
interface Run {
  left: number
  readonly endsAt: number
  readonly timeoutMs: number
}

/** How to ask. */
export interface Ask {
  readonly method?: 'GET' | 'OPTIONS' | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Asks one origin, and no other: there is no way to hand it another one. */
export class Asker {
  readonly url: URL
  readonly proxy: URL | undefined
  readonly #run: Run

  /**
   * Begins a run of at most 15 requests, within a minute.
   *
   * @param url - names the origin
   * @param timeoutMs - how long each stage of a request may take
   */
  constructor (url: URL, timeoutMs: number, run?: Run, proxy?: URL) {
    this.url = url
    this.proxy = proxy
    this.#run = run ?? { left: MAX_REQUESTS, endsAt: performance.now() + MAX_RUN_MS, timeoutMs }
  }

  /** The same run, by way of a proxy. */
  by (proxy: URL): Asker {
    return new Asker(this.url, this.#run.timeoutMs, this.#run, proxy)
  }

  /** The same run without TLS, for a port that does not speak it: without a key, or with nothing to hide. */
  plain (): Asker {
    const url = new URL(this.url)
    url.protocol = 'http:'
    url.port = String(portOf(this.url))
    return new Asker(url, this.#run.timeoutMs, this.#run)
  }

  /** Counts what is asked, by whichever means; false, it would be too much. */
  take (count = 1): boolean {
    if (this.#run.left < count || this.timeoutMs === 0) return false
    this.#run.left -= count
    return true
  }

  /** How long a stage may take now, in milliseconds. */
  get timeoutMs (): number {
    return Math.max(0, Math.min(this.#run.timeoutMs, (this.#run.endsAt - performance.now()) / 3))
  }

  /**
   * Asks.
   *
   * @param path - of the origin, with its query
   */
  async ask (path: string, { method = 'GET', headers = {} }: Ask = {}): Promise<Outcome> {
    if (!this.take()) return { stage: 'limit', code: 'LIMIT' }
    return await exchange({
      url: this.#at(path), method, headers: { ...COMMON, ...headers }, timeoutMs: this.timeoutMs, proxy: this.proxy
    })
  }

  /** Set so, a path that begins as another host's address does is a path all the same. */
  #at (path: string): URL {
    const url = new URL(this.url.origin)
    const [pathname = '', ...query] = path.split('?')
    url.pathname = pathname
    url.search = query.join('?')
    return url
  }
}

/** The header of a key. */
export function bearer (key: string): { authorization: string } {
  return { authorization: `Bearer ${key}` }
}
