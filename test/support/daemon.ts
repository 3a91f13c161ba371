import { spawn, type SpawnOptions, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import type { Test } from 'tap'
import { makeTemporaryFolder } from './files.ts'
import { until } from './until.ts'

/** Says why a program cannot be tried here; false, it can. */
export function missing (program: string, argument: string, name: string): string | false {
  return spawnSync(program, [argument]).error === undefined ? false : `there is no ${program} on this machine: apt-get install ${name}`
}

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
    }).catch(async err => {
      child.kill('SIGKILL')
      await exit
      throw err
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

/** Starts a program with nothing of this process's environment, which ends with the test, and waits until it listens. */
export async function startDaemon (t: Test, port: number, program: string, ...args: string[]): Promise<void> {
  const env = { PATH: process.env['PATH'], HOME: await makeTemporaryFolder(t) }
  const command = ['env', '-i', ...Object.entries(env).map(each => each.join('=')), program, ...args] as [string, ...string[]]
  const daemon = await Daemon.start(command, async () => await listens(port))
  t.teardown(async () => await daemon.end())
}

async function listens (port: number): Promise<boolean> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  return await once(socket, 'connect').then(() => true, () => false).finally(() => socket.destroy())
}
