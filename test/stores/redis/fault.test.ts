import t from 'tap'
import { explain, isRefusal, moreTelling, reasonOf } from '../../../lib/stores/redis/fault.ts'
import { MARKER } from '../../support/app.ts'
import { shown } from '../../support/shown.ts'

const refused = Object.assign(new Error(`connect ECONNREFUSED ${MARKER}`), { code: 'ECONNREFUSED', address: '127.0.0.1', port: 6379 })

t.test('what is wrong is said in words, with the way out, and nothing else of the error is passed on', async t => {
  const away = 'nothing listens there (ECONNREFUSED 127.0.0.1:6379): start it, or see to host and port'
  const unknown = 'the connection failed: see whether redis-cli can connect from here'
  const cases: readonly (readonly [unknown, string | RegExp])[] = [
    [refused, away],
    [Object.assign(new Error(MARKER), { code: 'ECONNREFUSED', address: '/run/redis.sock' }), 'nothing listens there (ECONNREFUSED): start it, or see to host and port'],
    [Object.assign(new Error(''), { code: 'ECONNREFUSED', address: MARKER, port: 1 }), 'nothing listens there (ECONNREFUSED): start it, or see to host and port'],
    [Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: MARKER }), /^its URL is none.* \(ERR_INVALID_URL\): write/],
    [new Error('WRONGPASS invalid username-password pair'), /^it refuses the user name or password \(WRONGPASS\): see to both/],
    [new Error(`ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'user' '${MARKER}'`), /^it does not know this command \(HELLO\)/],
    [new Error(`ERR unknown command \`EVAL\`, with args beginning with: \`OOM ${MARKER}\``), /^it does not have a command that is needed \(unknown command\)/],
    [new Error('ERR Client sent AUTH, but no password is set'), /^it has no password \(no password is set\)/],
    [new Error('ERR invalid password'), /^it refuses the user name or password \(invalid password\)/],
    [new Error('NOAUTH Authentication required.'), /^it asks for a password \(NOAUTH\)/],
    [new Error('ERR The user executing the script can\'t run this command or subcommand script: 1'),
      /^its user may not do all that docs\/scaling.md lists \(user executing the script\)/],
    [new Error('WRONGTYPE Operation against a key holding the wrong kind of value script: 1, on @user_script:2.'),
      'something else is stored under the prefix (WRONGTYPE): choose another one'],
    [new Error('ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed'), /^its memory is full, nothing was changed \(OOM\)/],
    [Object.assign(new Error('80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:'), { code: 'EPROTO' }),
      /^it does not speak TLS on this port \(wrong version number\)/],
    [Object.assign(new Error(MARKER), { code: 'ERR_SSL_DECRYPTION_FAILED' }), /^TLS cannot be agreed on \(ERR_SSL_DECRYPTION_FAILED\)/],
    [new Error('ERR something'), 'it refuses, for a reason that is not known here: see what redis-cli says'],
    [Object.assign(new Error(`Failed: ${MARKER}`), { code: MARKER }), unknown],
    ...[new Error('constructor'), new Error('MYASKED'), undefined, null, 1, Symbol('x'), Object.create(null), { message: {} }].map(error => [error, unknown] as const),
    ['observe client error: Error: connect ECONNREFUSED 127.0.0.1:1', 'nothing listens there (ECONNREFUSED): start it, or see to host and port']
  ]
  for (const [error, text] of cases) {
    t.match(explain(error), text, shown(text))
    t.notOk(explain(error).includes(MARKER), shown(text))
  }
  t.equal(reasonOf(refused), away)
  t.equal(reasonOf(new Error('ERR something')), undefined)
})

t.test('before the first answer, an end or a silence can mean the wrong protocol', async t => {
  const [closed, late] = [new Error('Socket closed unexpectedly'), Object.assign(new Error(), { code: 'ETIMEDOUT' })]
  const cases: readonly (readonly [Error, 'plain' | 'tls' | undefined, string])[] = [
    [closed, undefined, 'it has ended the connection (Socket closed unexpectedly): its log may say why'],
    [closed, 'plain', 'it ends the connection without an answer (Socket closed unexpectedly): begin the URL with rediss'],
    [closed, 'tls', 'it does not answer, or not over TLS (Socket closed unexpectedly): begin the URL with redis if'],
    [late, undefined, 'it does not answer (ETIMEDOUT): see whether it hangs'],
    [late, 'plain', 'it does not answer (ETIMEDOUT): see whether it hangs'],
    [late, 'tls', 'it does not answer, or not over TLS (ETIMEDOUT): begin the URL with redis if'],
    [refused, 'tls', 'nothing listens there (ECONNREFUSED 127.0.0.1:6379)']
  ]
  for (const [error, untried, text] of cases) t.match(explain(error, untried), text, `${text}, ${untried}`)
})

t.test('of two errors, the one that tells more is kept', async t => {
  const [closed, noAuth] = [new Error('Socket closed unexpectedly'), new Error('NOAUTH Authentication required.')]
  t.equal(moreTelling(closed, noAuth), noAuth)
  t.equal(moreTelling(noAuth, closed), noAuth)
  t.equal(moreTelling(refused, noAuth), noAuth)
  t.equal(moreTelling(noAuth, new Error('NOAUTH too')), noAuth)
  t.equal(moreTelling(undefined, closed), closed)
  const strange = new Error('ERR something')
  t.equal(moreTelling(undefined, strange), strange)
})

t.test('an answer that refuses is told apart from no answer', async t => {
  for (const message of ['ERR x', 'OOM command not allowed', 'WRONGTYPE Operation']) t.ok(isRefusal(new Error(message)), message)
  for (const error of [refused, new Error('read ECONNRESET'), new Error('Socket closed'), new Error(''), undefined]) t.notOk(isRefusal(error), explain(error))
})
