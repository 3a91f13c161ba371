import t from 'tap'
import { explain, refusalOf } from '../../lib/redis/fault.ts'

t.test('what is wrong with a Redis is said in known words, and nothing of its own', async t => {
  for (const [error, expected] of [
    [Object.assign(new Error('connect ECONNREFUSED redis://user:secret@host'), { code: 'ECONNREFUSED' }), 'nothing listens there (ECONNREFUSED)'],
    [Object.assign(new Error('getaddrinfo ENOTFOUND secret'), { code: 'ENOTFOUND' }), 'it failed (ENOTFOUND)'],
    [new Error('WRONGPASS invalid username-password pair'), 'it refuses the user name or password (WRONGPASS)'],
    [new Error('ERR secret'), 'it failed (ERR)'],
    [new Error('Socket closed unexpectedly'), 'the connection failed']
  ] as const) t.equal(explain(error), expected, error.message)
})

t.test('a refusal is told from a fault, after which nobody knows what was done', async t => {
  t.equal(refusalOf(new Error('READONLY You can\'t write against a read only replica.')), 'READONLY')
  for (const message of ['Socket closed unexpectedly', 'The client is closed', '', 'OK']) t.equal(refusalOf(new Error(message)), undefined, message)
})
