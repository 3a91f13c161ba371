import t from 'tap'
import { createApiKey, hashApiKey, isMistypedApiKey } from '../../../lib/index.ts'
import { keyIn, runCommand } from '../../support/cli.ts'

t.test('generate prints a key, its id and its digest', async t => {
  const { code, stdout, stderr } = await runCommand(['generate'])
  const key = keyIn(stdout)
  t.match({ code, stderr }, { code: 0, stderr: '' })
  t.equal(stdout, `key     ${key}\nid      ${createApiKey(key).id}\ndigest  ${hashApiKey(key)}\n`)
  t.equal(isMistypedApiKey(key), false)
})

t.test('generate --quiet prints the key alone', async t => {
  const { stdout } = await runCommand(['generate', '--quiet'])
  t.equal(stdout, `${keyIn(stdout)}\n`)
})
