import { parseArgs } from 'node:util'
import { create } from './commands/create.ts'
import { generate } from './commands/generate.ts'
import { importKeys } from './commands/import.ts'
import { list } from './commands/list.ts'
import { revoke } from './commands/revoke.ts'
import { rotate } from './commands/rotate.ts'
import { helpOf, overview } from './help.ts'
import { UsageError } from './call/options.ts'
import type { Call, Command, Streams } from './call/types.ts'

const COMMANDS: Readonly<Record<string, Command>> = { generate, create, list, rotate, revoke, import: importKeys }

const DONE = 0
const FAILED = 1
const MISUSED = 2

/**
 * Runs the command `dbgpt-auth`.
 *
 * @param args - what stands after its name
 * @param streams - what it may read and write
 * @param now - milliseconds since the epoch
 * @returns the exit code: 0 done, 1 the store refused or failed, 2 wrong usage
 */
export async function main (args: readonly string[], streams: Streams, now = Date.now()): Promise<number> {
  const [verb = '', ...rest] = args
  try {
    if (verb === '--help' || verb === '-h' || verb === 'help') {
      streams.stdout.write(overview(COMMANDS))
      return DONE
    }
    if (!Object.hasOwn(COMMANDS, verb)) throw new UsageError('there is no such command, see "dbgpt-auth --help"')
    await run(verb, COMMANDS[verb] as Command, rest, streams, now)
    return DONE
  } catch (error) {
    const misused = error instanceof UsageError
    const hint = misused && Object.hasOwn(COMMANDS, verb) ? `, see "dbgpt-auth ${verb} --help"` : ''
    streams.stderr.write(`dbgpt-auth: ${(error as Error).message.replaceAll(/\s*\n\s*/g, ' ')}${hint}\n`)
    return misused ? MISUSED : FAILED
  }
}

async function run (verb: string, command: Command, args: string[], streams: Streams, now: number): Promise<void> {
  const { values, positionals } = parse(command, args)
  if (values.help === true) {
    streams.stdout.write(helpOf(verb, command))
    return
  }
  const [argument = ''] = positionals
  const expected = command.argument === undefined ? 0 : 1
  if (positionals.length !== expected || (expected === 1 && argument === '')) {
    throw new UsageError(expected === 0 ? 'it takes options only' : `it takes one argument, ${command.argument}`)
  }
  await command.run({ values, argument, streams, now })
}

function parse (command: Command, args: string[]): { values: Call['values'], positionals: string[] } {
  const options = { ...command.options, help: { type: 'boolean', short: 'h' } as const }
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { values: values as Call['values'], positionals }
  } catch {
    // Not the parser's error, which quotes the arguments: a key's text may be among them.
    throw new UsageError('there is no such option, or its value is missing')
  }
}
