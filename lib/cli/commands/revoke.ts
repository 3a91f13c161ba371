import { printTable } from '../print.ts'
import { NoSuchKeyError, select } from '../select.ts'
import { openStore } from '../store.ts'
import { type Command, STORE_OPTION, textOption } from '../usage.ts'

/** `dbgpt-auth revoke` */
export const revoke: Command = {
  summary: 'remove a key, or every key of a name',
  argument: 'ID|NAME',
  options: { store: STORE_OPTION },
  async run (call) {
    const { argument, streams: { stdout, env } } = call
    const store = openStore(textOption(call, 'store'), env)
    const revoked: string[][] = []
    for (const { id, name } of select(await store.list(), argument)) {
      if (await store.revoke(id)) revoked.push(['revoked', id, name ?? ''])
    }
    // Another process may have been first.
    if (revoked.length === 0) throw new NoSuchKeyError()
    printTable(stdout, revoked)
  }
}
