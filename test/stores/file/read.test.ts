import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readKeyFile, readRegularFile } from '../../../lib/stores/file/read.ts'
import { rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'

t.test('a file is read, and what it is comes with it', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys')
  await writeFile(file, '\ufefftext\r\n')
  t.match(await readKeyFile(file), { text: 'text\n', stats: { size: 9, nlink: 1 } })
  t.same((await readRegularFile(file)).bytes, Buffer.from('\ufefftext\r\n'))
})

t.test('what is no file, or cannot be read, is an error that says so', { skip }, async t => {
  const folder = await makeTemporaryFolder(t)
  await mkdir(join(folder, 'folder'))
  await writeFile(join(folder, 'file'), '')
  await symlink('/dev/null', join(folder, 'device'))
  await symlink('circle', join(folder, 'circle'))
  for (const [name, problem] of [
    ['folder', 'it is no file, but a folder, a pipe or a device'], ['device', 'it is no file, but a folder, a pipe or a device'],
    ['none', 'there is no such file: is the path right, and is it mounted? (ENOENT)'],
    ['circle', 'its symbolic links lead in a circle (ELOOP)'], ['file/keys', 'what should be one of its folders is none (ENOTDIR)'],
    ['x'.repeat(300), 'its name is too long (ENAMETOOLONG)']
  ] as const) {
    const file = join(folder, name)
    t.match(await rejection(readKeyFile(file)), {
      code: 'FST_DBGPT_AUTH_KEY_FILE_UNREADABLE', message: `The key file ${file} cannot be read: ${problem}`, cause: Error
    }, name)
  }
})

t.test('what is no text is refused', async t => {
  const file = join(await makeTemporaryFolder(t), 'keys')
  await writeFile(file, Buffer.from('\ufefftext', 'utf16le'))
  t.match(await rejection(readKeyFile(file)), {
    code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID', message: `The key file ${file}: it is UTF-16: save it as UTF-8`
  })
})
