import { FST_DBGPT_AUTH_KEY_INVALID } from '../../errors.ts'
import { isMistypedApiKey } from '../../keys/generate.ts'
import { decodeText } from '../../keys/text.ts'
import { FST_DBGPT_AUTH_KEY_FILE_INVALID } from '../../stores/file/errors.ts'
import { parseKeyFile } from '../../stores/file/key-file.ts'
import { summarize } from '../../keys/weak-key.ts'
import { storeOf } from '../call/store.ts'
import { CHANGE_OPTIONS, UsageError } from '../call/options.ts'
import type { Command, Streams } from '../call/types.ts'

const SOURCE = 'standard input'

/** `dbgpt-auth import` */
export const importKeys: Command = {
  summary: 'hash and store the keys on standard input, between commas or line ends',
  options: {
    'allow-weak': { type: 'boolean', help: 'take keys that can be guessed or look miswritten' },
    ...CHANGE_OPTIONS
  },
  async run (call) {
    const { values, streams: { stdin, stdout } } = call
    const store = storeOf(call)
    const text = await read(stdin)
    assertTyped(text)
    const { list: { keys, mistakes, weaknesses } } = await parseKeyFile(text, SOURCE)
    const doubts = [...mistakes, ...weaknesses]
    if (doubts.length > 0 && values['allow-weak'] !== true) {
      throw new Error(`${summarize(doubts)}. Nothing is imported; --allow-weak takes such keys as they stand`)
    }
    const added = await store.addAll(keys.values())
    stdout.write(`${added} imported, ${keys.size - added} already there\n`)
  }
}

async function read (stdin: Streams['stdin']): Promise<string> {
  if (stdin.isTTY === true) throw new UsageError('pipe the keys in: printenv API_KEYS | dbgpt-auth import --store FILE')
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return decodeText(Buffer.concat(chunks), problem => new FST_DBGPT_AUTH_KEY_FILE_INVALID('Standard input', problem))
}

/** A generated key whose checksum is wrong would let nobody in. */
function assertTyped (text: string): void {
  const line = text.split('\n').findIndex(content => content.split(/[\s,]+/).some(isMistypedApiKey))
  if (line !== -1) {
    throw new FST_DBGPT_AUTH_KEY_INVALID(`Line ${line + 1} of ${SOURCE}`, 'its checksum is wrong, is it mistyped or cut short?')
  }
}
