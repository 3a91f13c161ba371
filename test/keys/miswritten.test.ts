import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { generateApiKey, hashApiKey } from '../../lib/index.ts'
import { mistakeOf } from '../../lib/keys/miswritten.ts'
import { KEY, MARKER, OTHER_KEY } from '../support/app.ts'
import { shown } from '../support/shown.ts'

const QUOTES = 'is in quotes: drop them'
const BRACKETS = 'is in brackets: give the keys alone, with commas between them'
const VARIABLE = 'begins with the name of a variable: give its value alone'
const SEMICOLON = 'holds keys with ";" between them: put commas there'

const mistakes: Readonly<Record<string, readonly string[]>> = {
  [QUOTES]: [`"${KEY}"`, `'${KEY}'`, `\`${KEY}\``, '""', `"${hashApiKey(KEY)}"`],
  [BRACKETS]: [`[${KEY}]`, `["${KEY}"]`, '[]', '[', ']'],
  [VARIABLE]: [
    `API_KEYS=${KEY}`, `API_KEYS="${KEY}"`, `OPENAI_API_KEY=${KEY}`, `KEY=${KEY}`, `api_key=${KEY}`, `apiKeys=${KEY}`, `$env:API_KEYS="${KEY}"`,
    `export API_KEYS=${KEY}`, `set API_KEYS=${KEY}`, `API_KEYS = ${KEY}`, `API_KEYS: ${KEY}`
  ],
  [SEMICOLON]: [`${KEY};${OTHER_KEY}`, `${KEY};${OTHER_KEY};`, `dbgpt;${KEY};${hashApiKey(KEY)}`, `${KEY};;${generateApiKey()}`],
  'is a placeholder that nothing has filled in': ['$' + '{API_KEYS}', '$' + '{API_KEYS:-none}', '$(cat_/run/secrets/keys)', '$API_KEYS', '%API_KEYS%', '<your-api-key-here-please>', '{{.Values.apiKeys}}', '{your-openai-sk}'],
  'is the name of a file: give that as API_KEYS_FILE': ['file:///etc/keys.txt', '/run/secrets/api_keys', './keys.json', 'keys.txt', '/etc/app/keys.yaml', '@/run/secrets/api_keys'],
  'is the URL of a Redis: give that as API_KEYS_REDIS_URL': [`redis://:${MARKER}@redis:6379`, 'rediss://redis/0'],
  'is a digest without "sha256:" before it': [hashApiKey(KEY).replace(':', '='), hashApiKey(KEY).replace(':', '-'), hashApiKey(KEY).replace('sha256:', 'SHA-256=')],
  'is a salted hash, by which no key can be found: give its holder a new key': [
    `$2b$10$${'N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'}`, '$2y$05$abc', '$argon2id$v=19$m=65536', '$argon2d$v=19', '$scrypt$ln=16', '$6$salt$hash', '$y$j9T$salt$hash'
  ],
  'begins as JSON does: give the key alone': ['{"keys":[{"digest":"x"}', `{"key":"${KEY}"}`],
  'begins with "Bearer": drop it': [`Bearer ${KEY}`, `bearer ${KEY}`, `Authorization: Bearer ${KEY}`],
  'begins with a dash and a blank: drop them': [`- ${KEY}`],
  'has a comment behind it: put that on a line of its own': [`${KEY} # mine`, `${KEY}\t// mine`, `${KEY} ; mine`],
  'holds a line end: two keys have a comma between them': [`${KEY}\n${OTHER_KEY}`],
  'holds a comma or semicolon that is not ASCII: put "," there': [`${KEY}，${OTHER_KEY}`],
  'holds quotes that are not ASCII: drop them': [`“${KEY}”`],
  'holds a character that cannot be seen: copy the key again': [`${KEY}\u200b`, `\ufeff${KEY}`, `${KEY}\u00a0`],
  'holds a blank: two keys have a comma between them': [`${KEY} ${OTHER_KEY}`]
}

for (const [mistake, texts] of Object.entries(mistakes)) {
  t.test(`it ${mistake}`, async t => {
    for (const text of texts) t.equal(mistakeOf(text), mistake, shown(text))
  })
}

t.test('what only resembles a mistake is none', async t => {
  for (const text of [
    KEY, hashApiKey(KEY), 'JBSWY3DPEHPK3PXP====', 'MFRGGZDFMZTWQ2LK=', 'aGVsbG8gd29ybGQ=', 'QUJD==', 'API_KEYS=', 'AB=c', 'key=value', '"', '\'', '"a\'', '[a', 'a]',
    `${KEY};`, `;${KEY}`, `${KEY};short`, `${KEY};${'ab'.repeat(20)}`, `-${KEY}`, `Bearer${KEY}`, '{a}', 'a;b;c', '$2b', '$9$a', 'a$2b$', `x${KEY}"`
  ]) t.equal(mistakeOf(text), undefined, shown(text))
})

t.test('generated keys, and tokens of base64, hex and base32, are never taken for a mistake', async () => {
  const token = fc.oneof(
    fc.uint8Array({ minLength: 10, maxLength: 64 }).map(bytes => Buffer.from(bytes).toString('base64')),
    fc.uint8Array({ minLength: 10, maxLength: 64 }).map(bytes => Buffer.from(bytes).toString('hex')),
    fc.stringMatching(/^[A-Z2-7]{16,32}={0,6}$/), fc.uuid(), fc.constant(null).map(generateApiKey)
  )
  fc.assert(fc.property(token, text => mistakeOf(text) === undefined), { numRuns: 2000 })
})

t.test('random keys of any visible ASCII are hardly ever taken for a mistake', async t => {
  const random = (): string => {
    const code = randomInt(0x21, 0x7e) // without the comma
    return String.fromCharCode(code >= 0x2c ? code + 1 : code)
  }
  for (const length of [20, 43, 64, 128, 512]) {
    const count = 4000
    const keys = Array.from({ length: count }, () => Array.from({ length }, random).join(''))
    const taken = keys.filter(key => mistakeOf(key) !== undefined).length
    t.comment(`of ${count} keys of ${length} characters, ${taken} are taken for a mistake`)
    t.ok(taken < count / 100, `${length} characters`)
  }
})
