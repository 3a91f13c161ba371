import { parseArgs } from 'node:util'
import { meantBy } from '../../config/nearest.ts'
import { UsageError } from './options.ts'
import type { Call, Command, Option } from './types.ts'

const HELP = { type: 'boolean', short: 'h', help: 'show this' } as const
/** What may be told of an unknown option: anything longer, or with other characters, may be a key. */
const TELLABLE = /^--?[a-z][a-z-]{0,17}$/

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

/**
 * Reads what stands after a verb.
 *
 * @throws {@link UsageError}, which repeats none of it but the name of an option: a key's text may be among it
 */
export function parse (command: Command, args: readonly string[]): Pick<Call, 'values' | 'operands'> {
  const options = { ...command.options, help: HELP }
  // The parser's own errors quote the arguments.
  const lenient = { strict: false, allowPositionals: true, tokens: true } as const
  const { values, positionals, tokens } = parseArgs({ args: [...args], options, ...lenient })
  const given = tokens.filter(({ kind }) => kind === 'option') as OptionToken[]
  for (const token of given) assertOption(token, options)
  const repeated = given.find(({ name }, index) => given.findIndex(other => other.name === name) < index)
  if (repeated !== undefined) throw new UsageError(`--${repeated.name} is given more than once`)
  if (values.help !== true) assertOperands(positionals, command, values.stdin === true)
  return { values: values as Call['values'], operands: positionals }
}

function assertOption ({ name, rawName, value, inlineValue }: OptionToken, options: Readonly<Record<string, Option>>): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (option === undefined) {
    const near = meantBy(name.toLowerCase(), Object.keys(options))
    const told = TELLABLE.test(rawName) ? `option ${rawName}` : 'such option'
    throw new UsageError(`there is no ${told}${near === undefined ? '' : `, perhaps --${near} is meant`}`)
  }
  if (option.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`)
  } else if (value === undefined || (value.startsWith('-') && inlineValue !== true)) {
    const way = value === undefined ? '' : `; one that begins with a dash is given as --${name}=${option.value}`
    throw new UsageError(`the value of --${name} is missing${way}`)
  }
}

function assertOperands (given: readonly string[], { operands, options }: Command, stdin: boolean): void {
  const replaces = options.stdin?.replaces === true
  const expected = stdin && replaces ? operands.slice(1) : operands
  const least = expected.filter(name => !name.startsWith('[')).length
  if (least <= given.length && given.length <= expected.length && !given.includes('')) return
  const problem = given.length > expected.length ? 'there is an argument too many' : 'an argument is missing or empty'
  const many = ['options only', 'one argument, ', 'two arguments, '][expected.length] as string
  const instead = !replaces || stdin ? '' : ` (or --stdin in place of ${operands[0]})`
  throw new UsageError(`${problem}: it takes ${many}${expected.join(' and ')}${instead}`)
}
