import { rename, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { type ApiKey, createApiKey, FileKeyStore, generateApiKey } from '../../lib/index.ts'
import { serializeKeyFile } from '../../lib/stores/file/key-file.ts'
import { keyIn, runCommand } from '../support/cli.ts'
import { runBuiltCommand } from '../support/command.ts'
import { listening, start } from '../support/demo-server.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { until } from '../support/until.ts'

const CONNECTIONS = 8
const CLIENTS = 4
const ROTATIONS = 6
/** How many of the rotations of each client the command makes as users run it: starting it is what takes time. */
const COMMANDS = 1
const REPLACEMENTS = 12
/** How long a server may take to know what a command has done, on a machine that is busy. */
const DEADLINE_S = 10

interface Key {
  readonly text: string
  /** Set as it begins to end: from then on it may pass or not. */
  ending: boolean
  /** When the command that ended it had returned, milliseconds since the epoch. */
  endedAt: number
}

function keyOf (text: string): Key {
  return { text, ending: false, endedAt: Infinity }
}

const total = CLIENTS * ROTATIONS + REPLACEMENTS
t.test(`under load, keys are rotated and revoked ${total} times, and no request is answered wrongly`, async t => {
  const file = join(await makeTemporaryFolder(t), 'keys.json')
  const command = async (round: number, ...args: string[]): Promise<string> => {
    if (round < COMMANDS) return await runBuiltCommand(...args, '--store', file)
    const { code, stdout, stderr } = await runCommand([...args, '--store', file])
    t.equal(code, 0, `${args[0]}: ${stderr}`)
    return stdout
  }

  const live: Key[] = []
  for (let client = 0; client < CLIENTS; client++) {
    live.push(keyOf(keyIn(await command(client, 'create', '--name', `client ${client}`, '--quiet'))))
  }
  const server = start(t, { API_KEYS_FILE: file, PORT: '0', NODE_ENV: 'production' })
  const url = await listening(server)
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS + CLIENTS })

  const status = async (text: string): Promise<number | undefined> => await new Promise((resolve, reject) => {
    get(`${url}/v1/models`, { agent, headers: { authorization: `Bearer ${text}` } }, answer => {
      answer.resume().on('end', () => resolve(answer.statusCode)).on('error', reject)
    }).on('error', reject)
  })

  const ended: Key[] = []
  const counts = { valid: 0, ended: 0, faults: [] as string[] }
  const progress = { over: false }
  /** Asks with a live key and with one of the last that ended, as fast as it is answered. */
  const load = async (connection: number): Promise<void> => {
    while (!progress.over) {
      const good = live[connection % CLIENTS] as Key
      const answer = await status(good.text)
      counts.valid++
      if (answer !== 200 && !good.ending) counts.faults.push(`${answer} for a valid key`)
      const bad = ended.at(-1 - connection)
      if (bad === undefined) continue
      const late = Date.now() - bad.endedAt > DEADLINE_S * 1000
      const refusal = await status(bad.text)
      counts.ended++
      if (refusal !== 401 && (refusal !== 200 || late)) counts.faults.push(`${refusal} for a key that ended`)
    }
  }
  const loads = Promise.all(Array.from({ length: CONNECTIONS }, async (_, connection) => await load(connection)))
  t.teardown(async () => {
    progress.over = true
    await loads
  })

  /** Moves a client to a new key once the server knows it, then ends the old one. */
  const move = async (client: number, text: string, end: () => Promise<unknown>): Promise<void> => {
    await until(async () => await status(text) === 200)
    const old = live[client] as Key
    live[client] = keyOf(text)
    old.ending = true
    await end()
    old.endedAt = Date.now()
    ended.push(old)
  }
  await Promise.all(live.map(async (_, client) => {
    for (let count = 0; count < ROTATIONS; count++) {
      const { id } = createApiKey((live[client] as Key).text)
      const text = keyIn(await command(count, 'rotate', id, '--grace', '1h', '--quiet'))
      await move(client, text, async () => await command(count, 'revoke', id))
    }
  }))

  const replace = async (keys: readonly ApiKey[]): Promise<void> => {
    await writeFile(`${file}.new`, serializeKeyFile(keys))
    await rename(`${file}.new`, file)
  }
  const others = (await new FileKeyStore(file).list()).filter(({ name }) => name !== 'client 0')
  for (let count = 0; count < REPLACEMENTS; count++) {
    const [old, text] = [createApiKey((live[0] as Key).text), generateApiKey()]
    await replace([...others, old, createApiKey(text)])
    await move(0, text, async () => await replace([...others, createApiKey(text)]))
  }

  await until(async () => await status((ended.at(-1) as Key).text) === 401, DEADLINE_S)
  progress.over = true
  await loads
  t.same(counts.faults, [])
  t.equal(ended.length, total)
  for (const [index, { text }] of ended.entries()) t.equal(await status(text), 401, `the key that ended as number ${index + 1}`)
  for (const [client, { text }] of live.entries()) t.equal(await status(text), 200, `the key of client ${client}`)
  t.ok(counts.valid > 100 && counts.ended > 100, `there was load: ${JSON.stringify(counts)}`)
  agent.destroy()
  server.kill('SIGTERM')
  t.match(await server.exit, { code: 0 })
})
