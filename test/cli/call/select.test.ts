import { Readable } from 'node:stream'
import t from 'tap'
import { UsageError } from '../../../lib/cli/call/options.ts'
import { changeAndTell, changeEach, NoSuchKeyError, select, selectOne } from '../../../lib/cli/call/select.ts'
import type { CliStore } from '../../../lib/cli/call/store.ts'
import type { Call } from '../../../lib/cli/call/types.ts'
import { type ApiKey, createApiKey, MemoryKeyStore } from '../../../lib/index.ts'
import { KEY, MARKER, OTHER_KEY, rejection, WRONG_KEY } from '../../support/app.ts'
import { shown } from '../../support/shown.ts'

const a = createApiKey({ key: KEY, name: 'billing', createdAt: new Date('2026-01-02T03:04:05Z') })
const b = createApiKey({ key: OTHER_KEY, name: 'billing', expiresAt: new Date('2030-01-01') })
const named = createApiKey({ key: `${KEY}1`, name: a.id })
const NOW = Date.parse('2029-12-31')

/** A call, and what it has printed. */
function asking (operand: string | undefined, values: Call['values'] = {}, stdin = ''): { call: Call, printed: () => string } {
  let text = ''
  const output = { write: (part: string) => { text += part } }
  const streams = { stdin: Readable.from([stdin]), stdout: output, stderr: output, env: {} }
  return { call: { values, operands: operand === undefined ? [] : [operand], streams, now: NOW }, printed: () => text }
}

async function pick (keys: ApiKey[], ...asked: Parameters<typeof asking>): Promise<readonly ApiKey[]> {
  return await select(asking(...asked).call, new MemoryKeyStore(keys) as CliStore)
}

t.test('an id or a digest picks one key, a name all that have it', async t => {
  for (const asked of [a.id, a.id.toUpperCase(), a.digest, a.digest.toUpperCase(), `sha256:${a.digest}`, `SHA256:${a.digest}`]) {
    t.same(await pick([a, b], asked), [a], shown(asked))
  }
  t.same(await pick([a, b], 'billing'), [a, b])
  t.same(await pick([named, a, b], a.id), [a], 'an id goes before a name')
  t.same(await pick([named], a.id), [named])
})

t.test('a key is picked by its text on standard input', async t => {
  t.same(await pick([a, b], undefined, { stdin: true }, `\ufeff${OTHER_KEY}\r\n`), [b])
  const { message } = await rejection(pick([a, b], undefined, { stdin: true }, WRONG_KEY))
  t.equal(message, 'the key on standard input is not, or no longer, in the store')
})

t.test('nothing to pick is an error that does not say what was asked for, nor looks a text up', async t => {
  for (const asked of ['bill', '', KEY, `sha256:${KEY}`, a.digest.slice(1)]) {
    const error = await rejection(pick([a, b], asked))
    t.ok(error instanceof NoSuchKeyError, shown(asked))
    t.match(error.message, /^no key has this id, digest or name: .*--stdin$/, shown(asked))
    t.notMatch(error.message, MARKER, shown(asked))
  }
})

t.test('where one is to be picked, a name that several have is refused with their list, unless all are asked for', async t => {
  const store = new MemoryKeyStore([a, b, named])
  const { call, printed } = asking('billing')
  const error = await rejection(selectOne(call, store))
  t.ok(error instanceof UsageError)
  t.equal(error.message, '2 keys have this name: give the id of one, or take all of them with --all')
  t.equal(printed(), [
    'ID                CREATED            EXPIRES', `${a.id}  2026-01-02 03:04Z  never`, `${b.id}  unknown            2030-01-01 00:00Z (in 1d)`, ''
  ].join('\n'))
  t.same(await selectOne(asking('billing', { all: true }).call, store), [a, b])
  t.same(await selectOne(asking(b.id).call, store), [b])
  t.same(await selectOne(asking(undefined, { stdin: true }, KEY).call, store), [a])
})

t.test('a failure keeps none of the other keys from being changed, and the first is thrown', async t => {
  const seen: string[] = []
  const change = async ({ id }: ApiKey): Promise<void> => {
    seen.push(id)
    if (id !== named.id) throw new Error(id)
  }
  await t.rejects(changeEach([a, b, named], change), { message: a.id })
  t.same(seen, [a.id, b.id, named.id])
})

t.test('what was changed is told of, also where another failed, and nothing changed is a failure', async t => {
  const { call, printed } = asking('billing')
  const row = ({ id }: ApiKey): string[] => ['changed', id]
  const failing = changeAndTell(call, [a, b, named], row, async ({ id }) => {
    if (id === b.id) throw new Error('no')
    return id === a.id
  })
  await t.rejects(failing, { message: 'no' })
  t.equal(printed(), `changed  ${a.id}\n`)
  t.ok(await rejection(changeAndTell(call, [a], row, async () => false)) instanceof NoSuchKeyError)
})
