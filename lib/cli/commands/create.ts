import { FIELDS } from '../../keys/fields.ts'
import { createApiKey } from '../../keys/api-key.ts'
import { generateApiKey } from '../../keys/generate.ts'
import { addAndPrint } from '../call/add-and-print.ts'
import { storeOf } from '../call/store.ts'
import { parseInstant } from '../call/time.ts'
import { CHANGE_OPTIONS, parseName, QUIET_OPTION, SCOPES_OPTION, scopesOption, textOption, UsageError } from '../call/options.ts'
import type { Call, Command } from '../call/types.ts'

/** `dbgpt-auth create` */
export const create: Command = {
  summary: 'make a key and store it',
  operands: [],
  options: {
    name: { type: 'string', value: 'NAME', help: 'who or what the key is for (required)' },
    expires: { type: 'string', value: 'WHEN', help: 'a duration such as 90d, or an ISO date (default: never)' },
    metadata: { type: 'string', value: 'JSON', help: 'an object of the application\'s own' },
    scopes: { ...SCOPES_OPTION, help: `${SCOPES_OPTION.help} (default: everything)` },
    quiet: QUIET_OPTION,
    ...CHANGE_OPTIONS
  },
  async run (call) {
    const { now } = call
    const name = textOption(call, 'name')
    if (name === undefined) throw new UsageError('--name is required')
    const expires = textOption(call, 'expires')
    const key = generateApiKey()
    const record = createApiKey({
      key,
      name: parseName(name, '--name'),
      createdAt: new Date(now),
      expiresAt: expires === undefined ? undefined : parseInstant(expires, '--expires', now),
      metadata: parseMetadata(call),
      scopes: scopesOption(call)
    })
    await addAndPrint(storeOf(call), key, record, call)
  }
}

function parseMetadata (call: Call): Record<string, unknown> | undefined {
  const text = textOption(call, 'metadata')
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch { /* its error quotes the text */ }
  if (FIELDS.metadata.take(value) === undefined) throw new UsageError('--metadata must be a JSON object such as {"plan":"gold"}')
  return value as Record<string, unknown>
}
