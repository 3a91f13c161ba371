import fs, { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { mountPointsOf } from '../../../lib/stores/file/mount.ts'
import { makeTemporaryFolder } from '../../support/files.ts'
import { skip } from '../../support/posix.ts'

const line = (point: string): string => `63 43 254:0 /srv/f ${point} rw,relatime shared:1 - ext4 /dev/vda rw,discard`

t.test('mount points are the fifth field, with blanks and backslashes in octal', async t => {
  const mountinfo = ['/', '/run/secrets/keys.json', '/my\\040folder/a\\011b\\012c\\134d', '/密钥'].map(line).join('\n')
  t.same(mountPointsOf(`${mountinfo}\n`), new Set(['/', '/run/secrets/keys.json', '/my folder/a\tb\nc\\d', '/密钥', '']))
})

t.test('whatever a path holds, it is read as it is', async () => {
  const escape = (path: string): string =>
    path.replace(/[ \t\n\\#]/g, character => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
  const path = fc.string({ unit: fc.constantFrom(...' \t\n\\#/a0é4') }).map(text => `/${text}`)
  fc.assert(fc.property(fc.array(path), paths => {
    const points = mountPointsOf(paths.map(path => line(escape(path))).join('\n'))
    return paths.every(path => points.has(path))
  }))
})

t.test('a file is mounted by itself if what its name stands for is a mount point, by way of links, too', { skip }, async t => {
  const folder = await fs.realpath(await makeTemporaryFolder(t))
  const [file, link] = [join(folder, 'my keys.json'), join(folder, 'link')]
  await writeFile(file, '')
  await symlink('my keys.json', link)
  for (const [mountinfo, expected] of [
    [line(file.replaceAll(' ', '\\040')), true], [line(folder), false], [line(link), false], [undefined, false]
  ] as const) {
    const { isMountedAlone } = await t.mockImport<typeof import('../../../lib/stores/file/mount.ts')>('../../../lib/stores/file/mount.ts', {
      'node:fs/promises': {
        ...fs,
        async readFile () {
          // As on a system without /proc.
          if (mountinfo === undefined) throw new Error('ENOENT')
          return mountinfo
        }
      }
    })
    t.equal(await isMountedAlone(file), expected, `${mountinfo}`)
    t.equal(await isMountedAlone(link), expected, `a link, ${mountinfo}`)
    t.equal(await isMountedAlone(join(folder, 'none')), false, `no file, ${mountinfo}`)
  }
})
