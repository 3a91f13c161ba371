import type { Test } from 'tap'
import { built } from './build.ts'
import { Program, type ProgramOptions } from './process.ts'

const PROGRAMS = { server: 'build/examples/server/index.js', gateway: 'gateway/dist/bin.js' } as const

/**
 * Starts the example, or the gateway.
 *
 * @param t - the test, with which it ends
 * @param env - its whole environment
 * @param files - what stands in its working directory
 * @param program - which one it is
 */
export function start (
  t: Test, env: ProgramOptions['env'], files: Record<string, string> = {}, program: keyof typeof PROGRAMS = 'server'
): Program {
  return new Program(t, built(PROGRAMS[program]), { cwd: t.testdir(files), env })
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
