import { randomUUID } from 'node:crypto'
import fs, { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { replaceFile } from '../../../lib/stores/file/replace.ts'
import { rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'

const held = async (): Promise<void> => {}

async function makeFile (t: Test, text?: string): Promise<string> {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  if (text !== undefined) await writeFile(file, text)
  return file
}

t.test('a new file is its owner\'s alone', { skip }, async t => {
  const file = await makeFile(t)
  await replaceFile(file, 'new', held)
  t.equal(await readFile(file, 'utf8'), 'new')
  t.equal((await stat(file)).mode & 0o777, 0o600)
})

t.test('a replaced file keeps its mode', { skip }, async t => {
  const file = await makeFile(t, 'old')
  for (const mode of [0o640, 0o644, 0o400]) {
    await chmod(file, mode)
    await replaceFile(file, 'new', held)
    t.equal((await stat(file)).mode & 0o777, mode, mode.toString(8))
  }
})

const root = process.getuid?.() === 0
t.test('a replaced file keeps its owner and group', { skip: root ? false : 'only root can give a file away' }, async t => {
  const file = await makeFile(t, 'old')
  await chown(file, 1234, 5678)
  await replaceFile(file, 'new', held)
  t.match(await stat(file), { uid: 1234, gid: 5678 })
})

t.test('a file has the mode and owner of another one, where this user may give them', { skip }, async t => {
  const file = await makeFile(t)
  const model = await makeFile(t, 'model')
  await chmod(model, 0o640)
  if (root) await chown(model, 1234, 5678)
  await replaceFile(file, 'new', held, model)
  const { mode, uid, gid } = await stat(model)
  t.match(await stat(file), { mode, uid, gid })
  for (const code of ['EPERM', 'EIO']) {
    const { replaceFile: replaceThere } = await t.mockImport<typeof import('../../../lib/stores/file/replace.ts')>(
      '../../../lib/stores/file/replace.ts', {
      'node:fs/promises': {
        ...fs,
        stat: async (path: string) => Object.assign(await fs.stat(path), { uid: 4321 }),
        async open (...args: Parameters<typeof fs.open>) {
          const handle = await fs.open(...args)
          return Object.assign(handle, { chown: async () => { throw Object.assign(new Error(code), { code }) } })
        }
      }
    })
    const mine = await makeFile(t)
    if (code === 'EIO') t.match(await rejection(replaceThere(mine, 'new', held, model)), { code })
    else {
      await replaceThere(mine, 'new', held, model)
      t.equal((await stat(mine)).mode, mode, 'this user\'s own')
    }
    await writeFile(mine, 'old')
    t.match(await rejection(replaceThere(mine, 'new', held)), { code }, 'not a file that is another\'s')
  }
})

t.test('the old file stays whole until the step, and when it is called off', async t => {
  const file = await makeFile(t, 'old')
  const error = await rejection(replaceFile(file, 'new', async () => {
    t.equal(await readFile(file, 'utf8'), 'old')
    throw new Error('lock lost')
  }))
  t.match(error, { message: 'lock lost' })
  t.equal(await readFile(file, 'utf8'), 'old')
  t.same(await readdir(dirname(file)), ['keys.json'], 'nothing is left behind')
})

t.test('what a killed process left behind is removed, and nothing else', async t => {
  const file = await makeFile(t, 'old')
  const others = ['keys.json.lock', `other.json.${randomUUID()}.tmp`, `keys.json.new.${randomUUID()}.tmp`, 'keys.json.mine.tmp']
  const left = ['', 'lock.', 'lock.removal.'].map(part => `keys.json.${part}${randomUUID()}.tmp`)
  for (const name of [...left, ...others]) {
    await writeFile(join(dirname(file), name), 'x')
  }
  await replaceFile(file, 'new', held)
  t.same(new Set(await readdir(dirname(file))), new Set(['keys.json', ...others]))
})

t.test('a system that cannot sync a folder does without', async t => {
  const file = await makeFile(t, 'old')
  const { replaceFile: replaceThere } = await t.mockImport<typeof import('../../../lib/stores/file/replace.ts')>(
    '../../../lib/stores/file/replace.ts', {
    'node:fs/promises': {
      ...fs,
      async open (...args: Parameters<typeof fs.open>) {
        if (args[1] === 'r') throw new Error('EPERM')
        return await fs.open(...args)
      }
    }
  })
  await replaceThere(file, 'new', held)
  t.equal(await readFile(file, 'utf8'), 'new')
})

t.test('a file that cannot be looked at or replaced is an error, and nothing is left behind', { skip }, async t => {
  const file = await makeFile(t)
  await mkdir(file)
  await writeFile(join(file, 'inside'), 'x')
  t.match(await rejection(replaceFile(file, 'new', held)), { code: /EISDIR|ENOTEMPTY|EEXIST/ })
  t.same(await readdir(dirname(file)), ['keys.json'])
  t.match(await rejection(replaceFile(`${file}/inside/deeper`, 'new', held)), { code: 'ENOTDIR' })
  const circle = await makeFile(t)
  await symlink('keys.json', circle)
  t.match(await rejection(replaceFile(circle, 'new', held)), { code: 'ELOOP' })
  t.same(await readdir(dirname(circle)), ['keys.json'])
})
