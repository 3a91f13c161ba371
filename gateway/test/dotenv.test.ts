import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { MARKER, rejection } from '../../test/support/app.ts'
import { readSettings, type Settings } from '../lib/settings.ts'

/** Reads the settings as in a folder: `.env` is read before anything is waited for. */
function settingsIn (folder: string, variables: NodeJS.ProcessEnv = {}): Promise<Settings> {
  const former = process.cwd()
  process.chdir(folder)
  const settings = readSettings(variables)
  process.chdir(former)
  return settings
}

t.test('.env is read as editors of other systems write it, and changes nothing of the process', async t => {
  for (const text of [
    '\ufeffDBGPT_URL=http://dbgpt:5670\nPORT=8080\n',
    'DBGPT_URL=http://dbgpt:5670\r\nPORT=8080\r\n',
    'DBGPT_URL=http://dbgpt:5670\rPORT=8080',
    'export DBGPT_URL="http://dbgpt:5670"\n# HOST: nothing\nPORT=\'8080\' # why\n\ufeff'
  ]) t.match(await settingsIn(t.testdir({ '.env': text })), { DBGPT_URL: 'http://dbgpt:5670', PORT: 8080, HOST: '127.0.0.1' }, JSON.stringify(text))
  t.not(process.env.DBGPT_URL, 'http://dbgpt:5670')
})

t.test('a variable of the process wins over .env, unless it is blank, and a blank one there is an unset one', async t => {
  const folder = t.testdir({ '.env': 'HOST=127.0.0.2\nPORT=\nMETRICS_PORT= \nDBGPT_USERS=""\nGATEWAY_BADGE=off\n' })
  const settings = await settingsIn(folder, { HOST: '127.0.0.3', GATEWAY_BADGE: ' ' })
  t.match(settings, { HOST: '127.0.0.3', PORT: 3000, DBGPT_USERS: 'on', GATEWAY_BADGE: 'off' })
  t.equal(settings.METRICS_PORT, undefined)
})

t.test('a line of .env that sets nothing, though it means to, is refused without its value', async t => {
  for (const line of [`DBGPT_URL: http://${MARKER}`, `  "DBGPT_URL": "${MARKER}"`, `export DBGPT_URL : ${MARKER}`]) {
    const { message } = await rejection(settingsIn(t.testdir({ '.env': `PORT=8080\n${line}\n` })))
    t.equal(message, 'line 2 of .env does not set DBGPT_URL: write DBGPT_URL=… on a line of its own')
  }
  // Node 20 takes the next line for a part of one without `=`, later versions do not.
  const behind = await settingsIn(t.testdir({ '.env': 'settings:\nPORT=8080\n' })).catch((error: Error) => error)
  t.match(behind, behind instanceof Error ? { message: /^line 2 of \.env does not set PORT/ } : { PORT: 8080 }, 'it is not lost')
  t.match(await settingsIn(t.testdir({ '.env': 'PORT=8080\nPORTS: 1\nHOSTS=a: b' })), { PORT: 8080 }, 'what nobody asks for may be anything')
})

t.test('a .env that is no file is none, and one that cannot be read is an error', async t => {
  t.match(await settingsIn(t.testdir({})), { PORT: 3000 })
  t.match(await settingsIn(t.testdir({ '.env': {} })), { PORT: 3000 }, 'a folder, as Docker makes one for a mount')
  const folder = t.testdir({})
  symlinkSync('.env', join(folder, '.env'))
  t.match(await rejection(settingsIn(folder)), { code: 'ELOOP' })
})

t.test('a .env that is a pipe hangs nothing', { skip: process.platform === 'win32' && 'Windows has no such pipes' }, async t => {
  const folder = t.testdir({})
  execFileSync('mkfifo', [join(folder, '.env')])
  t.match(await settingsIn(folder), { PORT: 3000 })
})
