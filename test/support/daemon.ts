import { spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { until } from './until.ts'

/** A program that is no Node, and serves until it is told to end. */
export class Daemon {
  readonly #end: (signal: NodeJS.Signals) => Promise<void>

  private constructor (end: (signal: NodeJS.Signals) => Promise<void>) {
    this.#end = end
  }

  /**
   * Starts it, and waits until it serves.
   *
   * @param serves - asks it
   */
  static async start (
    [name, ...args]: readonly [string, ...string[]], serves: () => Promise<boolean>, options: SpawnOptions = {}
  ): Promise<Daemon> {
    const child = spawn(name, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] })
    const exit = once(child, 'close')
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', text => { said += text })
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${name} has ended: ${said}`)
      return await serves()
    })
    return new Daemon(async signal => {
      child.kill(signal)
      await exit
    })
  }

  /** Ends it, if it has not ended, and waits until it has. */
  async end (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#end(signal)
  }
}
