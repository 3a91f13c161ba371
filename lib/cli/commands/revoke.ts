import { assertChangeable } from '../call/dry-run.ts'
import { CHANGE_OPTIONS, changeOptions, DRY_RUN_OPTION } from '../call/options.ts'
import { printTable } from '../call/print.ts'
import { changeAndTell, CHOICE_OPTIONS, KEY_OPERAND, NoSuchKeyError, selectOne } from '../call/select.ts'
import { type CliStore, storeOf } from '../call/store.ts'
import type { Call, Command } from '../call/types.ts'

/** `dbgpt-auth revoke` */
export const revoke: Command = {
  summary: 'remove a key',
  operands: [KEY_OPERAND],
  options: { ...CHOICE_OPTIONS, 'dry-run': DRY_RUN_OPTION, ...CHANGE_OPTIONS },
  async run (call) {
    const [store, by] = [storeOf(call), changeOptions(call)]
    const keys = await selectOne(call, store).catch(async error => await revokeUnlisted(call, store, error))
    if (keys.length === 0) return
    if (call.values['dry-run'] === true) {
      await assertChangeable(store)
      printTable(call.streams.stdout, keys.map(({ id, name = '' }) => ['would revoke', id, name]))
      return
    }
    await changeAndTell(call, keys, ({ id, name = '' }) => ['revoked', id, name], async ({ id }) => await store.revoke(id, by))
  }
}

/** Revokes a key whose record cannot be read, which is in no list. */
async function revokeUnlisted (call: Call, store: CliStore, error: unknown): Promise<never[]> {
  const id = error instanceof NoSuchKeyError && call.values['dry-run'] !== true ? error.id : undefined
  if (id === undefined || !await store.revoke(id, changeOptions(call))) throw error
  printTable(call.streams.stdout, [['revoked', id]])
  return []
}
