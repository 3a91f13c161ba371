import { Readable } from 'node:stream'
import { main } from '../../lib/cli/main.ts'

/** What a run of the command left behind. */
export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Surroundings {
  /** Text, or a stream. */
  readonly stdin?: string | Buffer | Readable | undefined
  readonly env?: Record<string, string>
  /** Milliseconds since the epoch. */
  readonly now?: number
  /** Makes its standard output a terminal, with colours or without. */
  readonly colors?: boolean
  /** How wide that terminal is. */
  readonly columns?: number
}

/** Runs the command in this process. Without `stdin`, its standard input is a terminal. */
export async function runCommand (args: readonly string[], surroundings: Surroundings = {}): Promise<Run> {
  const { stdin, env = {}, now, colors, columns } = surroundings
  let [stdout, stderr] = ['', '']
  const terminal = colors === undefined ? {} : { isTTY: true, hasColors: () => colors, columns }
  const code = await main(args, {
    stdin: stdin instanceof Readable
      ? stdin
      : Object.assign(Readable.from(stdin === undefined ? [] : [stdin]), { isTTY: stdin === undefined }),
    stdout: { write: (text: string) => { stdout += text }, ...terminal },
    stderr: { write: (text: string) => { stderr += text } },
    env
  }, now)
  return { code, stdout, stderr }
}

/** The text of the one key that was printed, with which it is alone on its line or beside its label. */
export function keyIn (stdout: string): string {
  const [key, ...others] = stdout.match(/dbgpt_[0-9A-Za-z]{46}/g) ?? []
  if (key === undefined || others.length > 0) throw new Error('one key should be printed')
  return key
}
