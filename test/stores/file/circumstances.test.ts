import type { Stats } from 'node:fs'
import t, { type Test } from 'tap'

interface Looks {
  readonly look: (stats: { mode?: number, nlink?: number }, mounted?: boolean) => Promise<void>
  readonly warnings: unknown[]
}

/** The circumstances of a file, with the mounts in other hands. */
async function makeCircumstances (t: Test): Promise<Looks> {
  let alone = false
  const { Circumstances } = await t.mockImport<typeof import('../../../lib/stores/file/circumstances.ts')>(
    '../../../lib/stores/file/circumstances.ts', { '../../../lib/stores/file/mount.ts': { isMountedAlone: async () => alone } }
  )
  const warnings: unknown[] = []
  const warn = (fields: unknown, text?: unknown): void => { warnings.push(`${(fields as { code: string }).code}: ${String(text)}`) }
  const log = { info: () => {}, error: () => {}, warn }
  const circumstances = new Circumstances('/keys', log)
  return {
    warnings,
    async look ({ mode = 0o100600, nlink = 1 }, mounted = false) {
      alone = mounted
      await circumstances.look({ mode, nlink } as Stats)
    }
  }
}

const MOUNTED = /^key_file_mounted: The key file \/keys is mounted by itself, .*: mount its folder instead$/
const REPLACED = /^key_file_mounted: The key file \/keys was replaced or removed outside, .*: mount its folder instead$/

t.test('a file that is mounted by itself is warned of once, and once more when it was replaced', async t => {
  const { look, warnings } = await makeCircumstances(t)
  for (const nlink of [1, 1, 0, 0, 1]) await look({ nlink }, true)
  t.match(warnings, [MOUNTED, REPLACED])
  t.equal(warnings.length, 2)
})

t.test('one that was replaced before the service began is warned of as such', async t => {
  const { look, warnings } = await makeCircumstances(t)
  for (const nlink of [0, 0]) await look({ nlink }, true)
  t.match(warnings, [REPLACED])
})

t.test('a file that is replaced as it is read has no name any more, and nothing is wrong about that', async t => {
  const { look, warnings } = await makeCircumstances(t)
  for (const nlink of [1, 0, 1, 0]) await look({ nlink })
  t.same(warnings, [])
})

t.test('a file that everybody may change is warned of once, but where there are no modes', async t => {
  const { look, warnings } = await makeCircumstances(t)
  for (const mode of [0o100666, 0o100666]) await look({ mode })
  t.same(warnings, ['key_file_writable: The key file /keys can be changed by everybody on this machine: take that from them with chmod o-w'])
  for (const mode of [0o100664, 0o100644, 0o100400]) {
    const other = await makeCircumstances(t)
    await other.look({ mode })
    t.same(other.warnings, [], mode.toString(8))
  }
  t.intercept(process, 'platform', { value: 'win32' })
  const windows = await makeCircumstances(t)
  await windows.look({ mode: 0o100666 })
  t.same(windows.warnings, [])
})
