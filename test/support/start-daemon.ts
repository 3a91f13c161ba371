import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import type { Test } from 'tap'
import { until } from './until.ts'

/** Says why a program cannot be tried here; false, it can. */
export function missing (program: string, argument: string, name: string): string | false {
  return spawnSync(program, [argument]).error === undefined ? false : `there is no ${program} on this machine: apt-get install ${name}`
}

/** Starts a program with nothing of this process's environment, which ends with the test, and waits until it listens. */
export async function startDaemon (t: Test, port: number, program: string, ...args: string[]): Promise<void> {
  const child = spawn('env', ['-i', `PATH=${process.env['PATH']}`, `HOME=${t.testdirName}`, program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'close')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', text => { said += text })
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exit
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${program} has ended: ${said}`)
    return await listens(port)
  })
}

async function listens (port: number): Promise<boolean> {
  const socket = net.connect({ port, host: '127.0.0.1' })
  return await once(socket, 'connect').then(() => true, () => false).finally(() => socket.destroy())
}
