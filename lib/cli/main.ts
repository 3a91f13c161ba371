import { readFileSync } from 'node:fs'
import { meantBy } from '../config/nearest.ts'
import { holdsGeneratedKey } from '../keys/generate.ts'
import { create } from './commands/create.ts'
import { doctor } from './commands/doctor.ts'
import { generate } from './commands/generate.ts'
import { history } from './commands/history.ts'
import { importKeys } from './commands/import.ts'
import { list } from './commands/list.ts'
import { rename } from './commands/rename.ts'
import { revoke } from './commands/revoke.ts'
import { rotate } from './commands/rotate.ts'
import { scopes } from './commands/scopes.ts'
import { show } from './commands/show.ts'
import { verify } from './commands/verify.ts'
import { helpOf, overview } from './help.ts'
import { UsageError } from './call/options.ts'
import { parse } from './call/parse.ts'
import { visible } from './call/visible.ts'
import type { Command, Streams } from './call/types.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  generate, create, list, show, rename, scopes, rotate, revoke, import: importKeys, history, verify, doctor
}

const HELP = ['help', '--help', '-h']
const VERSION = ['--version', '-v']

const DONE = 0
const FAILED = 1
const MISUSED = 2

/**
 * Runs the command `dbgpt-auth`.
 *
 * @param args - what stands after its name
 * @param streams - what it may read and write
 * @param now - milliseconds since the epoch
 * @returns the exit code: 0 done, 1 the store refused or failed, or something was found, 2 wrong usage
 */
export async function main (args: readonly string[], streams: Streams, now = Date.now()): Promise<number> {
  const [verb, ...rest] = args
  try {
    if (verb === undefined) {
      streams.stderr.write(overview(COMMANDS))
      return MISUSED
    }
    assertNoKey(args)
    if (HELP.includes(verb)) streams.stdout.write(help(rest))
    else if (VERSION.includes(verb)) streams.stdout.write(`${version()}\n`)
    else return await run(verb, rest, streams, now)
    return DONE
  } catch (error) {
    const misused = error instanceof UsageError
    const hint = misused && verb !== undefined && Object.hasOwn(COMMANDS, verb) ? `, see "dbgpt-auth ${verb} --help"` : ''
    streams.stderr.write(`dbgpt-auth: ${visible((error as Error).message.replaceAll(/\s*\n\s*/g, ' '))}${hint}\n`)
    return misused ? MISUSED : FAILED
  }
}

async function run (verb: string, args: readonly string[], streams: Streams, now: number): Promise<number> {
  const command = commandOf(verb)
  const { values, operands } = parse(command, args)
  if (values.help !== true) return await command.run({ values, operands, streams, now }) ?? DONE
  streams.stdout.write(helpOf(verb, command))
  return DONE
}

function help ([verb, ...others]: readonly string[]): string {
  if (others.length > 0) throw new UsageError('help is of one command, see "dbgpt-auth help"')
  return verb === undefined ? overview(COMMANDS) : helpOf(verb, commandOf(verb))
}

function commandOf (verb: string): Command {
  if (Object.hasOwn(COMMANDS, verb)) return COMMANDS[verb] as Command
  if (verb.startsWith('-')) throw new UsageError('a command comes first, and its options after it, see "dbgpt-auth --help"')
  const near = meantBy(verb, Object.keys(COMMANDS))
  throw new UsageError(`there is no such command${near === undefined ? '' : `, perhaps "${near}" is meant`}, see "dbgpt-auth --help"`)
}

/** Other users of the machine can read arguments, and what is among them would be stored or shown as a name. */
function assertNoKey (args: readonly string[]): void {
  if (!args.some(holdsGeneratedKey)) return
  throw new UsageError('a key is never given as an argument, where others see it: pipe it into import, or into --stdin of a command')
}

function version (): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
