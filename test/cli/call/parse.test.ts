import t from 'tap'
import { UsageError } from '../../../lib/cli/call/options.ts'
import { parse } from '../../../lib/cli/call/parse.ts'
import type { Command } from '../../../lib/cli/call/types.ts'
import { KEY, MARKER } from '../../support/app.ts'
import { shown } from '../../support/shown.ts'

const command: Command = {
  summary: 'do it',
  operands: ['ID', 'TO'],
  options: {
    name: { type: 'string', value: 'NAME', help: '' },
    json: { type: 'boolean', help: '' },
    stdin: { type: 'boolean', help: '', replaces: true }
  },
  async run () {}
}

t.test('options and arguments are read in any order', async t => {
  for (const args of [['a', 'b', '--name', 'x', '--json'], ['--json', 'a', '--name=x', 'b'], ['--name', 'x', '--json', '--', 'a', 'b']]) {
    t.match(parse(command, args), { values: { name: 'x', json: true }, operands: ['a', 'b'] }, shown(args))
  }
  t.match(parse(command, ['--name=-x', 'a', 'b']), { values: { name: '-x' } })
  t.match(parse(command, ['--name=', '--', '--a', '-b']), { values: { name: '' }, operands: ['--a', '-b'] })
  t.match(parse(command, ['--stdin', 'b']), { values: { stdin: true }, operands: ['b'] })
  for (const help of ['-h', '--help']) t.match(parse(command, [help]), { values: { help: true } }, 'whatever is missing')
})

t.test('what is wrong is named, and nothing of a value', async t => {
  const cases: readonly (readonly [readonly string[], RegExp | string])[] = [
    [['--nmae', KEY], 'there is no option --nmae, perhaps --name is meant'],
    [['--verbose', KEY], 'there is no option --verbose'],
    [['--no-json'], 'there is no option --no-json'],
    [[`--nam=${KEY}`], 'there is no option --nam, perhaps --name is meant'],
    [['--Name', KEY], 'there is no such option, perhaps --name is meant'],
    [[`--${KEY}`], 'there is no such option'], [[`--${KEY.toLowerCase()}=x`], 'there is no such option'],
    [['--an-option-longer-than-a-weak-key'], 'there is no such option'], [['--__proto__', 'x'], 'there is no such option'],
    [['-n', KEY], 'there is no option -n'], [[`-${KEY}`], 'there is no option -d'],
    [['--name'], 'the value of --name is missing'],
    [['--name', '--json'], 'the value of --name is missing; one that begins with a dash is given as --name=NAME'],
    [['--name', `-${KEY}`], 'the value of --name is missing; one that begins with a dash is given as --name=NAME'],
    [[`--json=${KEY}`], '--json takes no value'],
    [['--name', KEY, 'a', `--name=${KEY}`, 'b'], '--name is given more than once'],
    [['--json', '--json', '--help'], '--json is given more than once'],
    [['a', 'b', KEY], 'there is an argument too many: it takes two arguments, ID and TO (or --stdin in place of ID)'],
    [['a'], 'an argument is missing or empty: it takes two arguments, ID and TO (or --stdin in place of ID)'],
    [['a', ''], /^an argument is missing or empty/],
    [['--stdin', 'a', KEY], 'there is an argument too many: it takes one argument, TO']
  ]
  for (const [args, message] of cases) {
    const error = t.throws(() => parse(command, args), { message }, shown(args)) as Error
    t.ok(error instanceof UsageError, shown(args))
    if (typeof message === 'string') t.equal(error.message, message, shown(args))
    t.notMatch(error.message, new RegExp(MARKER, 'i'), shown(args))
  }
  const optional = { ...command, operands: ['[ID]'] }
  for (const args of [[], ['a'], ['--stdin']]) t.same(parse(optional, args).operands, args.filter(arg => arg === 'a'), shown(args))
  for (const [args, message] of [
    [['a', 'b'], 'there is an argument too many: it takes one argument, [ID] (or --stdin in place of [ID])'],
    [[''], 'an argument is missing or empty: it takes one argument, [ID] (or --stdin in place of [ID])'],
    [['--stdin', 'a'], 'there is an argument too many: it takes options only']
  ] as const) t.throws(() => parse(optional, args), { message }, shown(args))
  const beside: Command = { ...optional, options: { stdin: { type: 'boolean', help: '' } } }
  t.match(parse(beside, ['--stdin', 'a']), { operands: ['a'] }, 'one that stands for no argument')
  t.throws(() => parse({ ...command, operands: [], options: {} }, ['x']), { message: 'there is an argument too many: it takes options only' })
})
