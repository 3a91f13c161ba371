import { execFile } from 'node:child_process'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { ROOT } from '../../../test/support/build.ts'
import { makeTemporaryFolder } from '../../../test/support/files.ts'
import { DEPLOY, deployed } from '../support/deploy.ts'
import { build } from '../support/dockerfile.ts'
import { Machine, skip } from '../support/machine.ts'

t.test('x', { skip }, async t => {
  const folder = await makeTemporaryFolder(t)
  await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, '.', './gateway'], { cwd: ROOT })
  await cp(join(DEPLOY, 'Dockerfile'), join(folder, 'Dockerfile'))
  console.error(await readdir(folder))
  const stage = await build(await deployed('Dockerfile'), {
    folder,
    args: { PACKAGES: './*.tgz' },
    makeMachine: async () => {
      const machine = await Machine.make(t)
      await machine.run(['sh', '-c', 'id node || useradd --uid 1000 --non-unique --create-home node'])
      return machine
    }
  })
  console.error(stage, await stage.machine.run(['ls', '-la', '/opt/dbgpt-gateway', '/var/lib/dbgpt-gateway']))
})
