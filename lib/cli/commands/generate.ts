import { createApiKey } from '../../keys/api-key.ts'
import { generateApiKey, hashApiKey } from '../../keys/generate.ts'
import { printTable } from '../call/print.ts'
import { QUIET_OPTION } from '../call/options.ts'
import type { Command } from '../call/types.ts'

/** `dbgpt-auth generate` */
export const generate: Command = {
  summary: 'make a key and its digest, and store neither',
  operands: [],
  options: { quiet: QUIET_OPTION },
  async run ({ values, streams: { stdout } }) {
    const key = generateApiKey()
    if (values.quiet === true) stdout.write(`${key}\n`)
    else printTable(stdout, [['key', key], ['id', createApiKey(key).id], ['digest', hashApiKey(key)]])
  }
}
