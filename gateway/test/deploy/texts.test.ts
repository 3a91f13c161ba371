import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pageOf, snippetsOf } from '../../../test/support/documentation.ts'
import { readSettings } from '../../lib/settings.ts'
import { readCompose } from '../support/compose.ts'
import { DEPLOY, deployed } from '../support/deploy.ts'
import { parseDockerfile } from '../support/dockerfile.ts'

const SECRET = 'a secret of more than 32 characters for the tests'
const page = await pageOf('docs/gateway.md')

t.test('each file that deploys the gateway is in its documentation', async t => {
  for (const name of await readdir(DEPLOY)) t.ok(page.includes(name), name)
})

t.test('what the documentation shows of a file stands in it', async t => {
  const [caddy] = await snippetsOf('docs/gateway.md', 'caddy')
  t.match(await deployed('Caddyfile'), caddy?.code)
  const [toml] = await snippetsOf('docs/gateway.md', 'toml')
  const lines = (await deployed('dbgpt.toml')).split('\n')
  for (const line of toml?.code.trimEnd().split('\n') ?? []) t.ok(lines.includes(line), line)
})

const hasToml = spawnSync('python3', ['-c', 'import tomllib']).status === 0

t.test('DB-GPT\'s settings are read as what they mean', { skip: hasToml ? false : 'there is no Python 3.11 on this machine: apt-get install python3' }, async t => {
  const program = 'import json, sys, tomllib; print(json.dumps(tomllib.load(open(sys.argv[1], "rb"))))'
  const { stdout } = spawnSync('python3', ['-c', program, join(DEPLOY, 'dbgpt.toml')], { encoding: 'utf8' })
  t.same(JSON.parse(stdout), { system: { api_keys: [] }, service: { web: { host: '127.0.0.1', port: 5670 } } })
})

t.test('Compose starts nothing without a secret, and gives the gateway what it takes', async t => {
  const text = await deployed('compose.yaml')
  for (const variables of [{}, { SESSION_SECRET: '' }]) t.throws(() => readCompose(text, variables), /^SESSION_SECRET is to be set in \.env/)
  const { services, volumes, networks } = readCompose(text, { SESSION_SECRET: SECRET })
  const { gateway, ...others } = services
  t.match(await readSettings(gateway?.environment), { DBGPT_URL: 'http://dbgpt:5670', SESSION_SECRET: SECRET, API_KEYS_REDIS_URL: '' })
  t.equal(gateway?.environment?.TRUST_PROXY, networks.default.ipam.config[0]?.gateway, 'where its proxy seems to be')
  t.same(gateway?.ports, ['127.0.0.1:3000:3000'], 'for this machine alone')
  t.match(gateway?.logging?.options, { 'max-size': /^\d+m$/, 'max-file': /^\d+$/ }, 'its log has an end')
  for (const [name, { ports, image }] of Object.entries(others)) t.same([ports, typeof image], [undefined, 'string'], name)
  const named = Object.values(services).flatMap(service => service.volumes ?? []).map(volume => volume.split(':')[0] ?? '')
  t.same(named.sort(), Object.keys(volumes).sort(), 'each volume is declared')
})

t.test('with Redis, keys are no longer in a file, and several gateways have a port each', async t => {
  const SETTINGS = /with `API_KEYS_FILE=` \(set, to nothing\), `API_KEYS_REDIS_URL=(\S+)` and `GATEWAY_PORTS=(\S+)` in/
  const [, API_KEYS_REDIS_URL = '', GATEWAY_PORTS = ''] = SETTINGS.exec(page) ?? []
  const variables = { SESSION_SECRET: SECRET, API_KEYS_FILE: '', API_KEYS_REDIS_URL, GATEWAY_PORTS }
  const { services: { gateway, redis } } = readCompose(await deployed('compose.yaml'), variables)
  t.match(gateway, { environment: { API_KEYS_FILE: '', API_KEYS_REDIS_URL: 'redis://redis:6379' }, ports: ['127.0.0.1:3000-3002:3000'] })
  t.match(redis, { profiles: ['redis'] })
})

t.test('the unit, the Compose file and the image leave the gateway the time that it needs to end', async t => {
  t.match(page, '15 seconds and `DRAIN_SECONDS`')
  t.match(await deployed('dbgpt-gateway.service'), '\nTimeoutStopSec=15\n')
  t.equal(readCompose(await deployed('compose.yaml'), { SESSION_SECRET: SECRET }).services.gateway?.stop_grace_period, '15s')
})

t.test('a Dockerfile is read as its reference has it, and what is none is refused', async t => {
  t.same(parseDockerfile('# a comment\nFROM a\nRUN b \\\n  c\n\n'), [{ name: 'FROM', rest: 'a' }, { name: 'RUN', rest: 'b c' }])
  t.throws(() => parseDockerfile('run b'), /no instruction: run b/)
})
