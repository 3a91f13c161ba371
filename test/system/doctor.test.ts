import { execFile, spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import cors from '@fastify/cors'
import t, { type Test } from 'tap'
import { KEY, WRONG_KEY } from '../support/app.ts'
import { built, ROOT } from '../support/build.ts'
import { Certificates } from '../support/certificates.ts'
import { missing, startDaemon } from '../support/start-daemon.ts'
import { listening, start } from '../support/demo-server.ts'
import { assertHarmless, codesOf, examine, startGuarded, type Watched } from '../support/examine-url.ts'
import { makeTemporaryFolder } from '../support/files.ts'
import { bareNode } from '../support/process.ts'
import { freePorts } from '../support/redis.ts'

/** A port that nothing listens at. */
const CLOSED = 1
const HTTPS = 'https://127.0.0.1'
const PYTHON = '/usr/bin/python3'
const noPython = spawnSync(PYTHON, ['-c', 'import fastapi, uvicorn']).status === 0
  ? false
  : 'there is no FastAPI on this machine: apt-get install python3-fastapi python3-uvicorn'

/** What is first found, by which configuration it comes about, and what is asked. */
type Cases = Readonly<Record<string, readonly [code: string | undefined, lines: string, path?: string, key?: string]>>

/** Examines what stands before an API, case by case. */
async function testCases (t: Test, api: Watched, cases: Cases, portOf: (index: number) => number): Promise<void> {
  for (const [index, [name, [code, , path = '/v1/models', key = KEY]]] of Object.entries(cases).entries()) {
    api.seen.length = 0
    const [first] = codesOf(await examine({ url: `http://127.0.0.1:${portOf(index)}${path}`, key }))
    t.equal(first, code, name)
    assertHarmless(t, name, api.seen)
  }
}

t.test('nginx in front of an API', { skip: missing('nginx', '-v', 'nginx-light') }, async t => {
  const folder = await makeTemporaryFolder(t)
  const api = await startGuarded(t)
  const withCors = await startGuarded(t, {}, async app => { await app.register(cors, { origin: true }) })
  const pass = `proxy_pass http://127.0.0.1:${api.port};`
  const cases: Cases = {
    'that passes all on': [undefined, pass],
    'that passes all on, with an unknown key': ['key_unknown', pass, '/v1/models', WRONG_KEY],
    'that drops Authorization': ['authorization_dropped', `${pass} proxy_set_header Authorization "";`],
    'with a password of its own': ['proxy_basic', `${pass} auth_basic "private"; auth_basic_user_file ${join(folder, 'users')};`],
    'that denies': ['proxy_refuses', `${pass} deny all;`],
    'whose server is down': ['proxy_upstream_down', `proxy_pass http://127.0.0.1:${CLOSED};`],
    'with a login': ['login_page', 'return 302 /oauth2/start?rd=$request_uri;'],
    'with pages alone': ['not_api', 'default_type text/html; return 200 "<!doctype html><p>It works</p>";'],
    'with nothing': ['path_wrong', 'return 404;'],
    'that sends on to https': ['redirect_to_https', 'return 301 https://$host$request_uri;'],
    'that answers from its cache': ['cached_answer', `${pass} proxy_cache zone; proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control;`],
    'that adds CORS twice': ['cors_twice', `proxy_pass http://127.0.0.1:${withCors.port}; add_header Access-Control-Allow-Origin * always;`],
    'that limits': ['rate_limited', 'return 429;']
  }
  const ports = await freePorts(Object.keys(cases).length)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${join(folder, name)};`)
  const servers = Object.values(cases).map(([, location], index) => `server { listen 127.0.0.1:${ports[index]}; location / { ${location} } }`)
  const file = join(folder, 'nginx.conf')
  await writeFile(join(folder, 'users'), 'somebody:{PLAIN}nothing\n')
  await writeFile(file, ['user root;', `pid ${join(folder, 'pid')};`, 'events {}', 'http {', 'access_log off;', ...temporary,
    `proxy_cache_path ${join(folder, 'cache')} keys_zone=zone:1m;`, ...servers, '}'].join('\n'))
  await startDaemon(t, Number(ports[0]), 'nginx', '-c', file, '-e', 'stderr', '-g', 'daemon off;')
  await testCases(t, api, cases, index => Number(ports[index]))
})

t.test('HAProxy in front of an API', { skip: missing('haproxy', '-v', 'haproxy') }, async t => {
  const folder = await makeTemporaryFolder(t)
  const certificates = await Certificates.make(t)
  const { cert, key } = await certificates.filesFor('haproxy', 'IP:127.0.0.1')
  await writeFile(join(folder, 'both.pem'), `${await readFile(cert, 'utf8')}${await readFile(key, 'utf8')}`)
  const api = await startGuarded(t)
  const cases: Cases = {
    'that passes all on': [undefined, ''],
    'that drops Authorization': ['authorization_dropped', 'http-request del-header Authorization'],
    'that denies': ['proxy_refuses', 'http-request deny'],
    'whose server is down': ['proxy_upstream_down', 'use_backend down'],
    'that speaks TLS': ['https_port', `ssl crt ${join(folder, 'both.pem')}`]
  }
  const ports = await freePorts(Object.keys(cases).length)
  const file = join(folder, 'haproxy.cfg')
  const frontends = Object.values(cases).map(([, rule], index) => {
    const [bind, line] = rule.startsWith('ssl') ? [rule, ''] : ['', rule]
    return `frontend f${index}\n  bind 127.0.0.1:${ports[index]} ${bind}\n  ${line}\n  default_backend api`
  })
  await writeFile(file, ['defaults', '  mode http', '  timeout connect 1s', '  retries 0', '  timeout client 5s', '  timeout server 5s', ...frontends,
    'backend api', `  server a 127.0.0.1:${api.port}`, 'backend down', `  server a 127.0.0.1:${CLOSED}`, ''].join('\n'))
  await startDaemon(t, Number(ports[0]), 'haproxy', '-f', file, '-db')
  await testCases(t, api, cases, index => Number(ports[index]))
})

t.test('Caddy in front of an API', { skip: missing('caddy', 'version', 'caddy') }, async t => {
  const folder = await makeTemporaryFolder(t)
  const api = await startGuarded(t)
  const [tls] = await freePorts(1)
  const pass = `reverse_proxy 127.0.0.1:${api.port}`
  const cases: Cases = {
    'that passes all on': [undefined, pass],
    'that drops Authorization': ['authorization_dropped', `request_header -Authorization\n${pass}`],
    'with a password of its own': ['proxy_basic', 'basicauth {\nsomebody JDJhJDE0JHphVjdrVE1JNnV1QjNvRkxHMnVBTy5kVkVDTHhhSWRaRDQuYU1FUTYuNjR2YVE3S1RvTVVT\n}'],
    'that denies': ['proxy_refuses', 'respond 403'],
    'whose server is down': ['proxy_upstream_down', `reverse_proxy 127.0.0.1:${CLOSED}`],
    'asked without TLS': ['https_port', 'tls']
  }
  const ports = await freePorts(Object.keys(cases).length)
  const sites = Object.values(cases).map(([, lines], index) => lines === 'tls'
    ? `${HTTPS}:${ports[index]} {\ntls internal\n${pass}\n}`
    : `http://127.0.0.1:${ports[index]} {\n${lines}\n}`)
  const file = join(folder, 'Caddyfile')
  await writeFile(file, ['{', 'admin off', 'auto_https disable_redirects', 'skip_install_trust', `https_port ${tls}`,
    `storage file_system ${folder}`, '}', ...sites].join('\n'))
  await startDaemon(t, Number(ports[0]), 'caddy', 'run', '--config', file, '--adapter', 'caddyfile')
  await testCases(t, api, cases, index => Number(ports[index]))
  const url = `${HTTPS}:${ports.at(-1)}/v1/models`
  t.match((await examine({ url, key: KEY }))[0]?.code, /^tls_(unknown_ca|self_signed)$/, 'whose authority is not trusted')
  // Node reads this variable once, when it starts.
  const script = `const { examineClient } = await import('${built('dist/doctor/client/examine.js')}')
    console.log(JSON.stringify(await examineClient({ url: process.env.URL, key: process.env.KEY, env: {} })))`
  const ca = join(folder, 'pki', 'authorities', 'local', 'root.crt')
  const [command, args] = bareNode(['--input-type=module', '--eval', script], { URL: url, KEY, NODE_EXTRA_CA_CERTS: ca })
  const { stdout } = await promisify(execFile)(command, args)
  t.same((JSON.parse(stdout) as { code: string }[]).map(({ code }) => code), ['key_good', 'server'], 'whose authority is trusted')
})

t.test('certificates that do not hold, by a server of OpenSSL', { skip: missing('openssl', 'version', 'openssl') }, async t => {
  const certificates = await Certificates.make(t)
  const expired = await certificates.filesFor('expired', 'IP:127.0.0.1', 0)
  const name = await certificates.filesFor('name', 'DNS:other.example')
  const good = await certificates.filesFor('good', 'IP:127.0.0.1')
  const cases = [['tls_expired', expired, []], ['tls_wrong_name', name, []], ['tls_client_certificate', good, ['-Verify', '1']]] as const
  for (const [code, { cert, key }, more] of cases) {
    const [port] = await freePorts(1) as [number]
    await startDaemon(t, port, 'openssl', 's_server', '-accept', `127.0.0.1:${port}`, '-cert', cert, '-key', key, '-www', '-quiet', ...more)
    const script = `const { examineClient } = await import('${built('dist/doctor/client/examine.js')}')
      console.log(JSON.stringify(await examineClient({ url: '${HTTPS}:${port}/', env: {} })))`
    const { stdout } = await promisify(execFile)(...bareNode(['--input-type=module', '--eval', script], { NODE_EXTRA_CA_CERTS: certificates.ca }))
    t.equal((JSON.parse(stdout) as { code: string }[])[0]?.code, code)
  }
})

t.test('the gateway is healthy for a program with a key, whichever of its URLs is named', async t => {
  const program = start(t, { PORT: '0', API_KEYS: KEY, NODE_ENV: 'test' }, {}, 'gateway')
  const url = await listening(program)
  for (const path of ['', '/v1', '/v1/models', '/api/v2/serve/awel/flows', '/construct/flow/', '/health']) {
    const findings = await examine({ url: url + path, key: KEY })
    t.same(codesOf(findings), [], path)
    t.ok(findings.some(({ code }) => code === 'gateway'), path)
  }
  t.same(codesOf(await examine({ url })), ['key_not_given'])
  t.same(codesOf(await examine({ url, key: WRONG_KEY })), ['key_unknown'])
  program.kill('SIGTERM')
  await program.exit
})

t.test('DB-GPT as it checks keys under uvicorn', { skip: noPython }, async t => {
  const ports = await freePorts(2) as [number, number]
  const file = join(ROOT, 'test/support/fastapi-dbgpt.py')
  await Promise.all([[ports[0], KEY], [ports[1], '']].map(async ([port, keys]) => await startDaemon(t, Number(port), PYTHON, file, String(port), String(keys))))
  const [on, off] = ports.map(port => `http://127.0.0.1:${port}`) as [string, string]
  const cases = [
    ['its keys on, none given', on, undefined, 'dbgpt_keys_on'],
    ['its keys on, a good one', on, KEY, 'dbgpt_v1_open'],
    ['its keys on, an unknown one', `${on}/api/v2/serve/awel/flows`, WRONG_KEY, 'key_unknown'],
    ['what is open in spite of keys', `${on}/api/v1/model/types`, KEY, 'dbgpt_v1_open'],
    ['a page without its slash', `${on}/construct/app`, KEY, 'dbgpt_v1_open'],
    ['a newline', on, `${KEY}\n`, 'key_newline'],
    ['no keys', off, KEY, 'dbgpt_open'],
    ['no keys, an API', `${off}/api/v2/serve/awel/flows`, undefined, 'dbgpt_open']
  ] as const
  for (const [name, url, key, code] of cases) t.equal(codesOf(await examine({ url, key }))[0], code, name)
})
