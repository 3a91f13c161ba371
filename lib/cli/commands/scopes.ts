import { CHANGE_OPTIONS, changeOptions, SCOPES_OPTION, scopesOption, UsageError } from '../call/options.ts'
import { formatScopes } from '../call/print.ts'
import { changeAndTell, CHOICE_OPTIONS, KEY_OPERAND, selectOne } from '../call/select.ts'
import { storeOf } from '../call/store.ts'
import type { ApiKey } from '../../types.ts'
import type { Command } from '../call/types.ts'

/** `dbgpt-auth scopes` */
export const scopes: Command = {
  summary: 'give a key other scopes',
  operands: [KEY_OPERAND],
  options: { scopes: { ...SCOPES_OPTION, help: `${SCOPES_OPTION.help} (required)` }, ...CHOICE_OPTIONS, ...CHANGE_OPTIONS },
  async run (call) {
    const scopes = scopesOption(call)
    if (scopes === undefined) throw new UsageError('--scopes is required')
    const [store, by] = [storeOf(call), changeOptions(call)]
    const keys = await selectOne(call, store)
    const row = ({ id }: ApiKey): string[] => ['scopes', id, formatScopes({ scopes })]
    await changeAndTell(call, keys, row, async ({ id }) => await store.update(id, { scopes }, by))
  }
}
