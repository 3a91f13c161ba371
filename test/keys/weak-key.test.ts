import t from 'tap'
import { judgeKeys, summarize, weaknessOf } from '../../lib/keys/weak-key.ts'

t.test('placeholders are found in any case, and with any punctuation', async t => {
  for (const key of [
    'dbgpt', 'EMPTY', 'Test', 'changeme', 'CHANGE_ME', 'your-api-key', 'your_secret_api_key_here', 'replace-me-with-a-real-key',
    '12345678901234567890', 'abcdefghijklmnopqrstuvwxyz'
  ]) t.equal(weaknessOf(key), 'a placeholder', key)
})

t.test('short keys and monotonous ones are weak', async t => {
  t.equal(weaknessOf('abcdefgh12345678xyz'), 'shorter than 20 characters')
  t.equal(weaknessOf('abcdefg'.repeat(10)), 'of fewer than 8 distinct characters')
  t.equal(weaknessOf('sk-xxxxxxxxxxxxxxxxxxxxxxxx'), 'of fewer than 8 distinct characters')
})

t.test('20 characters of which 8 are distinct are not weak', async t => {
  t.equal(weaknessOf('abcdefgh12345678xyzw'), undefined)
  t.equal(weaknessOf('abcdefgabcdefghabcde'), undefined)
})

t.test('a few findings are told, many are counted', async t => {
  t.equal(summarize(['a', 'b']), 'a, b')
  t.equal(summarize(['1', '2', '3', '4', '5']), '1, 2, 3, 4, 5')
  t.equal(summarize(['1', '2', '3', '4', '5', '6', '7']), '1, 2, 3, 4, 5, and 2 more')
})

t.test('weak and miswritten keys are refused, warned of or allowed, as the policy says', async t => {
  const warnings: unknown[] = []
  const log = { warn: (fields: unknown, text?: unknown) => { warnings.push((fields as { code: string }).code, text) } }
  const weak = { mistakes: [], weaknesses: ['Entry 1 is a placeholder'] }
  const both = { mistakes: ['Entry 2 is in quotes: drop them'], weaknesses: weak.weaknesses }
  for (const policy of ['refuse', 'warn', 'allow'] as const) judgeKeys({ mistakes: [], weaknesses: [] }, policy, log)
  judgeKeys(both, 'allow', log)
  t.same(warnings, [])
  judgeKeys(both, 'warn', log)
  judgeKeys(both, 'warn', undefined)
  t.same(warnings, [
    'keys_miswritten', 'API keys that look miswritten, taken as they stand: Entry 2 is in quotes: drop them',
    'keys_weak', 'Weak API keys, fit for development only: Entry 1 is a placeholder'
  ])
  t.throws(() => judgeKeys(weak, 'refuse', log), {
    code: 'FST_DBGPT_AUTH_KEY_WEAK', message: /^Entry 1 is a placeholder, and NODE_ENV is production/
  })
  t.throws(() => judgeKeys(both, 'refuse', log), {
    code: 'FST_DBGPT_AUTH_KEY_MISWRITTEN', message: 'Entry 2 is in quotes: drop them. If it is meant so, set the option allowWeakKeys'
  })
})
