import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Test } from 'tap'
import { MARKER } from './app.ts'

export interface ProgramOptions {
  readonly cwd: string
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** A command line that runs the one which is appended to it. */
  readonly by?: readonly string[]
  /** Another Node than the one that runs the tests. */
  readonly node?: string | undefined
}

/**
 * The command line that runs Node with nothing of this process's environment but what is told: by way of `env`, for
 * tap adds its loaders to the environment of whatever it sees start, which makes a process slow.
 */
export function bareNode (
  args: readonly string[], env: Readonly<Record<string, string>> = {}, node = process.execPath
): [string, string[]] {
  return ['env', ['-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), node, ...args]]
}

/**
 * A program that runs in a process of its own and ends with the test, given by its file, or by Node's arguments; no
 * key's text may stand in its output.
 */
export class Program {
  readonly exit: Promise<{ readonly code: number | null, readonly signal: NodeJS.Signals | null }>
  readonly output = { stdout: '', stderr: '' }
  readonly #child: ChildProcessByStdio<null, Readable, Readable>

  constructor (t: Test, file: string | readonly string[], { cwd, env, by = [], node }: ProgramOptions) {
    const [name, args] = bareNode([file].flat(), env, node)
    const [first, ...rest] = [...by, name, ...args] as [string, ...string[]]
    const child = spawn(first, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', text => { this.output[name] += text })
    }
    this.#child = child
    this.exit = once(child, 'close').then(([code, signal]) => ({ code, signal }))
    t.teardown(async () => {
      child.kill('SIGKILL')
      await this.exit
      assert.ok(!Object.values(this.output).join().includes(MARKER), 'a key\'s text has leaked')
    })
  }

  kill (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits until the output matches, and returns what the pattern's first group holds. */
  async says (pattern: RegExp, name: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    const ended = this.exit.then(() => true)
    for (;;) {
      const match = pattern.exec(this.output[name])
      if (match !== null) return match[1] ?? match[0]
      const over = await Promise.race([once(this.#child[name], 'data'), ended])
      if (over === true) assert.match(this.output[name], pattern, this.output.stderr)
    }
  }
}
