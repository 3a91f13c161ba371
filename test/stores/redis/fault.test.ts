import t from 'tap'
import { explain, isRefusal } from '../../../lib/stores/redis/fault.ts'
import { MARKER } from '../../support/app.ts'

const refused = Object.assign(new Error(`connect ECONNREFUSED ${MARKER}`), { code: 'ECONNREFUSED', address: '127.0.0.1', port: 6379 })

t.test('what is wrong is said in words, and nothing else of the error is passed on', async t => {
  const cases: readonly (readonly [Error, string])[] = [
    [refused, 'nothing listens there (ECONNREFUSED 127.0.0.1:6379)'],
    [Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), 'there is no such host (ENOTFOUND)'],
    [Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: MARKER }), 'it failed (ERR_INVALID_URL)'],
    [new Error('WRONGPASS invalid username-password pair'), 'it refuses the user name or password (WRONGPASS)'],
    [new Error(`ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'user' '${MARKER}'`),
      'it refuses the user name or password (WRONGPASS)'],
    [new Error('ERR Client sent AUTH, but no password is set'), 'it refuses the user name or password (WRONGPASS)'],
    [new Error('NOAUTH Authentication required.'), 'it asks for a password (NOAUTH)'],
    [new Error('ERR The user executing the script can\'t run this command or subcommand script: 1'),
      'its user may not do all that docs/scaling.md lists (NOPERM)'],
    [new Error('WRONGTYPE Operation against a key holding the wrong kind of value script: 1, on @user_script:2.'),
      'something else is stored under the prefix: choose another one (WRONGTYPE)'],
    [new Error('ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed'),
      'its memory is full, nothing was changed (OOM)'],
    [new Error('READONLY You can\'t write against a read only replica.'), 'it is a replica (READONLY)'],
    [new Error('ERR something'), 'it failed (ERR)'],
    [new Error('VERSION of the format: 2'), 'its keys are of a format that this version does not know (VERSION)'],
    [new Error(`Socket closed: ${MARKER}`), 'the connection failed'],
    [new Error('constructor'), 'the connection failed']
  ]
  for (const [error, text] of cases) t.equal(explain(error), text, text)
})

t.test('an answer that refuses is told apart from no answer', async t => {
  for (const message of ['ERR x', 'OOM command not allowed', 'WRONGTYPE Operation']) t.ok(isRefusal(new Error(message)), message)
  for (const error of [refused, new Error('read ECONNRESET'), new Error('Socket closed'), new Error('')]) t.notOk(isRefusal(error), explain(error))
})
