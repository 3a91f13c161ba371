import t from 'tap'
import { helpOf, overview } from '../../lib/cli/help.ts'
import type { Command } from '../../lib/cli/call/types.ts'

const command: Command = {
  summary: 'do it', operands: ['ID', 'TO'], options: { 'how-long': { type: 'string', value: 'TIME', help: 'for how long' } }, async run () {}
}

t.test('the overview aligns the verbs', async t => {
  t.match(overview({ do: command, other: { summary: 'else', operands: [], options: {}, async run () {} } }), '  do ID TO  do it\n  other     else\n')
})

t.test('the help of a verb aligns its options', async t => {
  t.equal(helpOf('do', command),
    'Usage: dbgpt-auth do ID TO [OPTIONS]\n\nDo it.\n\n  --how-long TIME  for how long\n  --help           show this\n')
})
