import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { Program, type ProgramOptions } from './process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** How a test starts an example: its whole environment, what stands in its working directory, and which it is. */
export type Start = (
  t: Test, env: ProgramOptions['env'], files?: Record<string, string>, example?: 'server' | 'gateway'
) => Program

/**
 * Compiles the examples as `npm start` does, for one test file alone: others may do so at the same time.
 *
 * @param name - the folder of `build/` to compile to
 */
export async function compileServer (name: string): Promise<Start> {
  const npm = ['npm', 'run', 'build:examples', '--', '--outDir', `build/${name}`]
  // Without what tap adds to NODE_OPTIONS, which makes the compiler slow.
  await promisify(execFile)('env', ['-u', 'NODE_OPTIONS', ...npm], { cwd: ROOT })
  return (t, env, files = {}, example = 'server') =>
    new Program(t, `${ROOT}build/${name}/${example}/index.js`, { cwd: t.testdir(files), env })
}

/** Waits until a server listens, and returns its URL. */
export async function listening (program: Program): Promise<string> {
  return await program.says(/^Listening on (http:\/\/127\.0\.0\.1:\d+)\n/)
}

/** A request for a chat completion. */
export function chat (content: string, stream: boolean): RequestInit {
  const body = JSON.stringify({ model: 'echo', stream, messages: [{ role: 'user', content }] })
  return { method: 'POST', body, headers: { 'content-type': 'application/json' } }
}

/** Sends a request with more headers. */
export async function ask (url: string, init: RequestInit, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(url, { ...init, headers: { ...init.headers, ...headers } })
}
