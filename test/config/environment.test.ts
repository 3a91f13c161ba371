import { mkdir, rm, writeFile } from 'node:fs/promises'
import t from 'tap'
import { pickSet, readDotenv } from '../../lib/config/environment.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'
import { makeTemporaryFolder } from '../support/files.ts'

t.test('a variable comes from the first place where it is set, without blanks around it', async t => {
  const environment = pickSet(
    { API_KEYS: ` ${KEY}\r\n`, API_AUTH: ' \t', NODE_ENV: undefined, PATH: '/bin' }, { API_KEYS: OTHER_KEY, API_AUTH: 'on', NODE_ENV: 'test' }
  )
  t.strictSame(environment, { API_KEYS: KEY, API_AUTH: 'on', NODE_ENV: 'test' })
  t.strictSame(pickSet({ API_KEYS: '', API_KEYS_FILE: '\u00a0' }), { API_KEYS_FILE: '\u00a0' }, 'blanks are ASCII')
  t.strictSame(pickSet(), {})
})

t.test('.env is read in the working directory of now, where there is one', async t => {
  const [before, folder] = [process.cwd(), await makeTemporaryFolder(t)]
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  t.strictSame(readDotenv(), {})
  await writeFile('.env', `# keys\nexport API_KEYS="${KEY},#1"\nAPI_AUTH=on # always\n`)
  t.match(readDotenv(), { API_KEYS: `${KEY},#1`, API_AUTH: 'on' })
  await rm('.env')
  await mkdir('.env')
  t.throws(() => readDotenv(), { code: 'FST_DBGPT_AUTH_ENVIRONMENT', message: /^Bad environment: \.env cannot be read, EISDIR/ })
})
