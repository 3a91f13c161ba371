import { printTable } from '../call/print.ts'
import { changeEach, NoSuchKeyError, select } from '../call/select.ts'
import { storeOf } from '../call/store.ts'
import { CHANGE_OPTIONS } from '../call/options.ts'
import type { Command } from '../call/types.ts'

/** `dbgpt-auth revoke` */
export const revoke: Command = {
  summary: 'remove a key, or every key of a name',
  argument: 'ID|NAME',
  options: CHANGE_OPTIONS,
  async run (call) {
    const { argument, streams: { stdout } } = call
    const store = storeOf(call)
    const revoked: string[][] = []
    try {
      await changeEach(select(await store.list(), argument), async ({ id, name }) => {
        if (await store.revoke(id)) revoked.push(['revoked', id, name ?? ''])
      })
    } finally {
      printTable(stdout, revoked)
    }
    // Another process may have been first.
    if (revoked.length === 0) throw new NoSuchKeyError()
  }
}
