import { assertChangeable } from '../call/dry-run.ts'
import { CHANGE_OPTIONS, DRY_RUN_OPTION } from '../call/options.ts'
import { printTable } from '../call/print.ts'
import { changeAndTell, CHOICE_OPTIONS, KEY_OPERAND, selectOne } from '../call/select.ts'
import { storeOf } from '../call/store.ts'
import type { Command } from '../call/types.ts'

/** `dbgpt-auth revoke` */
export const revoke: Command = {
  summary: 'remove a key',
  operands: [KEY_OPERAND],
  options: { ...CHOICE_OPTIONS, 'dry-run': DRY_RUN_OPTION, ...CHANGE_OPTIONS },
  async run (call) {
    const store = storeOf(call)
    const keys = await selectOne(call, store)
    if (call.values['dry-run'] === true) {
      await assertChangeable(store)
      printTable(call.streams.stdout, keys.map(({ id, name = '' }) => ['would revoke', id, name]))
      return
    }
    await changeAndTell(call, keys, ({ id, name = '' }) => ['revoked', id, name], async ({ id }) => await store.revoke(id))
  }
}
