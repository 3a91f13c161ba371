import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { targetOf } from '../../../lib/stores/file/target.ts'
import { rejection } from '../../support/app.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'

t.test('links are followed to what they lead to, whether it is there or not', { skip }, async t => {
  const folder = await realpath(await makeTemporaryFolder(t))
  const at = (name: string): string => join(folder, name)
  t.equal(await targetOf(at('none.json')), at('none.json'), 'no link')
  await mkdir(at('data/deep'), { recursive: true })
  await symlink(at('data/real.json'), at('absolute'))
  await symlink('data/real.json', at('relative'))
  await symlink('relative', at('chain'))
  await symlink('data/deep', at('folder'))
  await symlink('folder/../real.json', at('through a link'))
  for (const link of ['absolute', 'relative', 'chain']) t.equal(await targetOf(at(link)), at('data/real.json'), link)
  t.equal(await targetOf(at('through a link')), `${folder}/folder/../real.json`)
  await writeFile(at('data/real.json'), '')
  for (const link of ['absolute', 'relative', 'chain', 'through a link']) t.equal(await targetOf(at(link)), at('data/real.json'), link)
})

t.test('a circle of links, too many of them, and a path through a file are failures', { skip }, async t => {
  const folder = await makeTemporaryFolder(t)
  await symlink('circle', join(folder, 'circle'))
  t.match(await rejection(targetOf(join(folder, 'circle'))), { code: 'ELOOP' })
  await symlink('none', join(folder, 'link'))
  t.match(await rejection(targetOf(join(folder, 'link'), 0)), { code: 'ENOENT' })
  await writeFile(join(folder, 'file'), '')
  t.match(await rejection(targetOf(join(folder, 'file', 'keys.json'))), { code: 'ENOTDIR' })
})
