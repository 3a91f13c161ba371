import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { createApiKey, FileKeyStore, generateApiKey } from '../../../lib/index.ts'
import { KEY, MARKER } from '../../support/app.ts'
import { built } from '../../support/build.ts'
import type { Setup } from '../../support/doctor.ts'
import { skip } from '../../support/posix.ts'
import { workElsewhere } from '../../support/work-elsewhere.ts'

const run = promisify(execFile)
const FILE = { API_KEYS_FILE: 'keys.json' }
const NOBODY = 65534

async function makeFile (mode: number): Promise<void> {
  await new FileKeyStore('keys.json').add(createApiKey(generateApiKey()))
  await chmod('keys.json', mode)
}

const modes: readonly Setup[] = [
  { name: 'a file that nobody may read', env: FILE, make: async () => await makeFile(0), first: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', says: /may not read it/ },
  { name: 'a file that everybody may change', env: FILE, make: async () => await makeFile(0o666), first: 'key_file_writable' },
  { name: '.env that nobody may read', make: async () => { await writeFile('.env', `API_KEYS=${KEY}`); await chmod('.env', 0) }, first: 'FST_DBGPT_AUTH_ENVIRONMENT', says: /EACCES/ },
  {
    name: 'a folder that cannot be written to, for usage',
    env: { ...FILE, API_KEYS_USAGE: 'on' },
    make: async () => await makeFile(0o444),
    first: 'usage_unwritable',
    says: /may not write to its folder/
  },
  {
    name: 'a history of somebody else',
    env: FILE,
    async make (folder) {
      await makeFile(0o444)
      await chmod('keys.json.history', 0o444)
      await chmod(folder, 0o777)
    },
    first: 'history_unwritable',
    says: /may not write to it/
  },
  { name: 'a history that can only be read, where nothing is written', env: FILE, make: async () => await makeFile(0o444) },
  { name: 'a file that somebody else looks after', env: FILE, make: async () => await makeFile(0o644) }
]

/** Modes mean nothing to root, who becomes somebody else once Node runs: not everybody need be able to start it. */
const args = process.getuid?.() !== 0
  ? [built('dist/cli/bin.js')]
  : ['--input-type=module', '-e', `
      process.setgroups([])
      process.setgid(${NOBODY})
      process.setuid(${NOBODY})
      process.argv.splice(1, 0, 'dbgpt-auth')
      await import(${JSON.stringify(pathToFileURL(built('dist/cli/bin.js')))})
    `, '--']

for (const { name, env, make, first, says = /./ } of modes) {
  t.test(`as a user with few rights: ${name}`, { skip }, async t => {
    const folder = await workElsewhere(t)
    await chmod(folder, 0o755)
    await make?.(folder)
    const { stdout, stderr } = await run(process.execPath, [...args, 'doctor', '--json'], { env: { ...env }, cwd: folder })
      .catch(error => error as { stdout: string, stderr: string })
    const { findings } = JSON.parse(stdout) as { findings: { code: string, message: string }[] }
    t.equal(findings[0]?.code, first, findings.map(({ code, message }) => `${code} ${message}`).join('; '))
    if (first !== undefined) t.match(findings[0]?.message, says)
    t.notMatch(stdout + stderr, MARKER)
  })
}
