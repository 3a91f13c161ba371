import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { type Answer, bodyOf, buildAnswers, ERROR_FORMATS, headersOf } from '../../lib/guard/answer.ts'
import { Rejection } from '../../lib/guard/rejection.ts'
import { BODY_401, BODY_503, CHALLENGE, challenge } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const request = {} as FastifyRequest
const answers = buildAnswers('DB-GPT', '')

function textOf (answer: Answer, format: Parameters<typeof bodyOf>[1]): string {
  return bodyOf(answer, format, request).toString()
}

t.test('the bodies are DB-GPT\'s, to the byte', async t => {
  const dbgpt = '{"success":false,"err_code":"401","err_msg":"{\'error\': {\'message\': \'\', ' +
    '\'type\': \'invalid_request_error\', \'param\': None, \'code\': \'invalid_api_key\'}}","data":null}'
  for (const reason of ['missing', 'malformed', 'unknown', 'expired'] as const) {
    const answer = answers[reason]
    t.equal(textOf(answer, 'openai'), BODY_401, shown(reason))
    t.equal(textOf(answer, 'fastapi'), `{"detail":${BODY_401}}`, shown(reason))
    t.equal(textOf(answer, 'dbgpt'), dbgpt, shown(reason))
  }
  t.same(ERROR_FORMATS, ['openai', 'fastapi', 'dbgpt'])
})

t.test('a failing store has bodies of the same shapes', async t => {
  const answer = answers.unavailable
  t.equal(textOf(answer, 'openai'), BODY_503)
  t.equal(textOf(answer, 'fastapi'), `{"detail":${BODY_503}}`)
  t.equal(textOf(answer, 'dbgpt'), '{"success":false,"err_code":"503","err_msg":"{\'error\': {\'message\': \'\', ' +
    '\'type\': \'server_error\', \'param\': None, \'code\': \'key_store_unavailable\'}}","data":null}')
})

t.test('a message goes into all three, in dbgpt as Python writes it', async t => {
  const answer = buildAnswers('DB-GPT', 'it\'s "密钥"\n').missing
  for (const format of ['openai', 'fastapi', 'dbgpt'] as const) t.match(JSON.parse(textOf(answer, format)), Object, shown(format))
  t.equal(JSON.parse(textOf(answer, 'openai')).error.message, 'it\'s "密钥"\n')
  t.match(JSON.parse(textOf(answer, 'dbgpt')).err_msg, "{'error': {'message': 'it\\'s \"密钥\"\\n', 'type'")
})

t.test('the headers say what is wrong, and that nothing is to be kept', async t => {
  t.same(Object.fromEntries(Object.entries(answers).map(([reason, { headers }]) => [reason, headers])), {
    missing: { 'www-authenticate': CHALLENGE, 'cache-control': 'no-store' },
    malformed: { 'www-authenticate': challenge('The API key is malformed'), 'cache-control': 'no-store' },
    unknown: { 'www-authenticate': challenge('The API key is not valid'), 'cache-control': 'no-store' },
    expired: { 'www-authenticate': challenge('The API key has expired'), 'cache-control': 'no-store' },
    scope: { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope"`, 'cache-control': 'no-store' },
    unavailable: { 'retry-after': '1', 'cache-control': 'no-store' }
  })
  t.match(buildAnswers('My API', '').missing.headers, { 'www-authenticate': 'Bearer realm="My API"' })
})

t.test('the headers of a 403 name all scopes that are asked for, and those of others are as they are', async t => {
  const lack = { needed: ['flows:read', 'a,b'], missing: ['a,b'] }
  t.same(headersOf(answers.scope, new Rejection('scope', null, undefined, lack)), {
    'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="flows:read a,b"`, 'cache-control': 'no-store'
  })
  t.equal(headersOf(answers.unknown, new Rejection('unknown')), answers.unknown.headers)
})

t.test('a formatter is told of the rejection and the request', async t => {
  const seen: unknown[] = []
  textOf(answers.unknown, (...args) => { seen.push(...args); return 'openai' })
  t.same(seen[0], { status: 401, reason: 'unknown', message: '', type: 'invalid_request_error', code: 'invalid_api_key' })
  t.equal(seen[1], request)
})
