import { CHANGE_OPTIONS, changeOptions, parseName } from '../call/options.ts'
import { changeAndTell, CHOICE_OPTIONS, KEY_OPERAND, selectOne } from '../call/select.ts'
import { storeOf } from '../call/store.ts'
import type { Command } from '../call/types.ts'

/** `dbgpt-auth rename` */
export const rename: Command = {
  summary: 'give a key another name',
  operands: [KEY_OPERAND, 'NEWNAME'],
  options: { ...CHOICE_OPTIONS, ...CHANGE_OPTIONS },
  async run (call) {
    const name = parseName(call.operands.at(-1) as string, 'NEWNAME')
    const [store, by] = [storeOf(call), changeOptions(call)]
    const keys = await selectOne(call, store)
    await changeAndTell(call, keys, ({ id }) => ['renamed', id, name], async ({ id }) => await store.update(id, { name }, by))
  }
}
