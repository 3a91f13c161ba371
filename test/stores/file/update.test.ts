import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import type { KeyIndex } from '../../../lib/keys/key-index.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { updateKeyFile } from '../../../lib/stores/file/update.ts'
import { KEY, OTHER_KEY, rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'
import { shown } from '../../support/shown.ts'

const A = createApiKey(KEY)
const B = createApiKey(OTHER_KEY)

function addB (keys: KeyIndex): boolean {
  keys.add(B)
  return true
}

t.test('a file is changed as it is, and one that is missing or blank holds nothing', async t => {
  for (const [before, after] of [[serializeKeyFile([A]), [A, B]], ['', [B]], [undefined, [B]]] as const) {
    const file = join(await makeTemporaryFolder(t), 'keys.json')
    if (before !== undefined) await writeFile(file, before)
    t.equal(await updateKeyFile(file, addB), true, shown(before))
    t.equal(await readFile(file, 'utf8'), serializeKeyFile(after), shown(before))
  }
})

t.test('a symbolic link stays one', { skip }, async t => {
  const folder = await makeTemporaryFolder(t)
  await writeFile(join(folder, 'real.json'), serializeKeyFile([]))
  await symlink('real.json', join(folder, 'keys.json'))
  await updateKeyFile(join(folder, 'keys.json'), addB)
  t.equal(await readlink(join(folder, 'keys.json')), 'real.json')
  t.equal(await readFile(join(folder, 'real.json'), 'utf8'), serializeKeyFile([B]))
})

t.test('what a symbolic link points to is made', { skip }, async t => {
  const folder = await makeTemporaryFolder(t)
  await mkdir(join(folder, 'data', 'deep'), { recursive: true })
  await symlink('data/deep', join(folder, 'folder'))
  await symlink('folder/../real.json', join(folder, 'keys.json'))
  t.equal(await updateKeyFile(join(folder, 'keys.json'), addB), true)
  t.equal(await readlink(join(folder, 'keys.json')), 'folder/../real.json')
  t.equal(await readFile(join(folder, 'data', 'real.json'), 'utf8'), serializeKeyFile([B]))
  await symlink('none/real.json', join(folder, 'nowhere.json'))
  await symlink('circle.json', join(folder, 'circle.json'))
  for (const [link, message] of [
    ['nowhere.json', /none.real\.json cannot be written, and is unchanged: there is no such folder \(ENOENT\)$/],
    ['circle.json', /circle\.json cannot be written, and is unchanged: its symbolic links lead in a circle \(ELOOP\)$/]
  ] as const) {
    t.match(await rejection(updateKeyFile(join(folder, link), addB)), { code: 'FST_DBGPT_AUTH_KEY_FILE_WRITE', message }, link)
  }
})

t.test('nothing is written where nothing changes', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  t.equal(await updateKeyFile(file, () => false), false)
  t.match(await rejection(readFile(file)), { code: 'ENOENT' })
})

t.test('a plain list, a faulty file and a folder are left as they are', async t => {
  const folder = await makeTemporaryFolder(t)
  const file = join(folder, 'keys')
  for (const [text, code] of [[KEY, 'FST_DBGPT_AUTH_KEY_FILE_PLAIN'], ['{', 'FST_DBGPT_AUTH_KEY_FILE_INVALID']] as const) {
    await writeFile(file, text)
    t.match(await rejection(updateKeyFile(file, addB)), { code }, shown(text))
    t.equal(await readFile(file, 'utf8'), text, shown(text))
  }
  await mkdir(join(folder, 'folder'))
  for (const [path, code, message] of [
    ['folder', 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', /cannot be read: it is no file, but a folder, a pipe or a device$/],
    ['none/keys.json', 'FST_DBGPT_AUTH_KEY_FILE_WRITE', /cannot be written, and is unchanged: there is no such folder \(ENOENT\)/]
  ] as const) {
    t.match(await rejection(updateKeyFile(join(folder, path), addB)), { code, message }, shown(path))
  }
})

t.test('a file is changed that begins with a byte order mark, and none that is UTF-16', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  await writeFile(file, `\ufeff${serializeKeyFile([A])}`)
  t.equal(await updateKeyFile(file, addB), true)
  t.equal(await readFile(file, 'utf8'), serializeKeyFile([A, B]))
  await writeFile(file, Buffer.from(`\ufeff${serializeKeyFile([A])}`, 'utf16le'))
  t.match(await rejection(updateKeyFile(file, addB)), {
    code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID', message: `The key file ${file}: it is UTF-16: save it as UTF-8`
  })
})
