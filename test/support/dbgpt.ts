import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Test } from 'tap'
import { ROOT } from './build.ts'
import { makeTemporaryFolder } from './files.ts'

/** Debian's own, which has the packages; another one may stand before it in PATH. */
const PYTHON = '/usr/bin/python3'

/** Why the tests that need FastAPI are skipped here; false, they are not. */
export const skip: string | false = hasFastApi() ? false : 'there is no FastAPI here: apt-get install python3-fastapi python3-uvicorn'

/**
 * Starts FastAPI with DB-GPT's check of keys, for the length of a test.
 *
 * @param config - DB-GPT's own configuration, as TOML
 * @param env - its whole environment
 * @returns its URL
 */
export async function startPythonDbGpt (t: Test, config: string, env: Record<string, string> = {}): Promise<string> {
  const file = join(await makeTemporaryFolder(t), 'dbgpt.toml')
  await writeFile(file, config)
  const program = join(ROOT, 'test', 'support', 'dbgpt.py')
  const child = spawn(PYTHON, ['-B', program, file], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => await end(child))
  const [line] = await once(createInterface(child.stdout as Readable), 'line') as [string]
  return line.replace('Listening on ', 'http://')
}

async function end (child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

function hasFastApi (): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import fastapi, uvicorn, tomllib'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
