import os, { hostname, userInfo } from 'node:os'
import t, { type Test } from 'tap'
import { changerOf, isActor, processActor } from '../../lib/stores/changer.ts'
import type { KeyStoreLog } from '../../lib/index.ts'
import { shown } from '../support/shown.ts'

/** What this machine calls who runs a process, if it says that of itself. */
async function actorOn (t: Test, machine: Partial<typeof os>): Promise<string> {
  const changer = await t.mockImport<typeof import('../../lib/stores/changer.ts')>('../../lib/stores/changer.ts', {
    'node:os': { ...os, ...machine }
  })
  return changer.processActor()
}

t.test('who makes a change is who is named, or who runs the process', async t => {
  const own = `${userInfo().username}@${hostname()}`
  t.equal(changerOf().actor, own)
  t.equal(changerOf({ actor: undefined }).actor, own)
  for (const actor of ['a', 'Ann <ann@example.org>', '计'.repeat(200)]) t.equal(changerOf({ actor }).actor, actor, shown(actor))
  // Numbered: some have line ends of a kind in them.
  for (const [index, actor] of (['', 'a\nb', '\x1b[31m', '\u2028', 'x'.repeat(201), null, 7] as string[]).entries()) {
    t.equal(isActor(actor), false, `case ${index}`)
    t.throws(() => changerOf({ actor }), {
      code: 'FST_DBGPT_AUTH_OPTION', message: 'The option "actor" must be 1 to 200 characters without control characters'
    }, `case ${index}`)
  }
})

t.test('whom sudo has let in is named as well', async t => {
  const { username } = userInfo()
  t.equal(processActor('alice'), `alice (${username})@${hostname()}`)
  t.equal(processActor(username), `${username}@${hostname()}`)
  for (const behind of ['a\nb', '']) t.equal(processActor(behind), `${username}@${hostname()}`)
})

t.test('a user without a name is a number, and what cannot be a name is unknown', async t => {
  const nameless = (): never => { throw new Error('no such user') }
  const host = { hostname: () => 'box' }
  t.equal(await actorOn(t, { ...host, userInfo: nameless }), `${process.getuid?.()}@box`)
  t.equal(await actorOn(t, { hostname: () => 'x'.repeat(300) }), `${userInfo().username}@${'x'.repeat(300)}`.slice(0, 200))
  t.equal(await actorOn(t, { hostname: () => 'a\nb' }), 'unknown')
})

t.test('who is to be warned is warned, else the log, else the process', async t => {
  const told: string[] = []
  const log = { warn: (text: string) => { told.push(`log ${text}`) } } as unknown as KeyStoreLog
  changerOf({ warn: text => { told.push(`caller ${text}`) } }, log).warn('one')
  changerOf({}, log).warn('two')
  t.intercept(process, 'emitWarning', { value: (text: string) => { told.push(`process ${text}`) } })
  changerOf().warn('three')
  t.same(told, ['caller one', 'log two', 'process three'])
})
