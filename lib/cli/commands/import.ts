import { FST_DBGPT_AUTH_KEY_INVALID, FST_DBGPT_AUTH_KEYS_EMPTY } from '../../errors.ts'
import { withDetails } from '../../keys/api-key.ts'
import { isMistypedApiKey } from '../../keys/generate.ts'
import { decodeText } from '../../keys/text.ts'
import { FST_DBGPT_AUTH_KEY_FILE_INVALID } from '../../stores/file/errors.ts'
import { type KeyFile, parseKeyFile } from '../../stores/file/key-file.ts'
import { updateKeyFile } from '../../stores/file/update.ts'
import { summarize } from '../../keys/weak-key.ts'
import { listForAdding } from '../call/dry-run.ts'
import { listToKeyFile } from '../call/listed.ts'
import { fileOf, storeOf } from '../call/store.ts'
import { CHANGE_OPTIONS, changeOptions, DRY_RUN_OPTION, parseName, textOption, UsageError } from '../call/options.ts'
import type { Command, Streams } from '../call/types.ts'

const SOURCE = 'standard input'

/** `dbgpt-auth import` */
export const importKeys: Command = {
  summary: 'hash and store the keys on standard input',
  operands: [],
  options: {
    name: { type: 'string', value: 'NAME', help: 'a name for the keys that have none' },
    'allow-weak': { type: 'boolean', help: 'take keys that can be guessed or look miswritten' },
    'dry-run': DRY_RUN_OPTION,
    ...CHANGE_OPTIONS
  },
  async run (call) {
    const { values, streams: { stdin, stdout } } = call
    const given = textOption(call, 'name')
    const name = given === undefined ? undefined : parseName(given, '--name')
    const [store, by] = [storeOf(call), changeOptions(call)]
    const text = await read(stdin)
    assertTyped(text)
    const { list: { keys, mistakes, weaknesses } } = await parse(text)
    const doubts = [...mistakes, ...weaknesses]
    if (doubts.length > 0 && values['allow-weak'] !== true) {
      throw new Error(`${summarize(doubts)}. Nothing is imported; --allow-weak takes such keys as they stand`)
    }
    if (values['dry-run'] === true) {
      const known = (await listForAdding(store)).filter(({ id }) => keys.has(id)).length
      stdout.write(`${keys.size - known} would be imported, ${known} already there\n`)
      return
    }
    const file = fileOf(call)
    // The backup of an empty list, of which adding its keys would make no file.
    if (keys.size === 0 && file !== undefined) await updateKeyFile(file, current => current.size === 0)
    const added = await store.addAll(Array.from(keys.values(), key => withDetails(key, { name: key.name ?? name })), by)
    stdout.write(`${added} imported, ${keys.size - added} already there\n`)
  }
}

async function read (stdin: Streams['stdin']): Promise<string> {
  if (stdin.isTTY === true) throw new UsageError('pipe the keys in: printenv API_KEYS | dbgpt-auth import --store FILE')
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return decodeText(Buffer.concat(chunks), problem => new FST_DBGPT_AUTH_KEY_FILE_INVALID('Standard input', problem))
}

async function parse (text: string): Promise<KeyFile> {
  return await parseKeyFile(listToKeyFile(text, SOURCE), SOURCE).catch(error => {
    throw error instanceof FST_DBGPT_AUTH_KEYS_EMPTY ? new Error(`${SOURCE} holds no key: did what is piped in print any?`) : error
  })
}

/** A generated key whose checksum is wrong would let nobody in. */
function assertTyped (text: string): void {
  const line = text.split('\n').findIndex(content => content.split(/[\s,]+/).some(isMistypedApiKey))
  if (line !== -1) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(`Line ${line + 1} of ${SOURCE}`, 'its checksum is wrong, is it mistyped or cut short?')
  }
}
