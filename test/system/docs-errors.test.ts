import { createOpenAI } from '@ai-sdk/openai'
import { generateText, streamText } from 'ai'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import OpenAI from 'openai'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildAnswers } from '../../lib/guard/answer.ts'
import { explain } from '../../lib/guard/explanations.ts'
import { createApiKey, type DbgptAuthOptions, MemoryKeyStore, type RejectionReason } from '../../lib/index.ts'
import { bearer, harness, KEY, MARKER, rejection, WRONG_KEY } from '../support/app.ts'
import { pageOf, runShell, snippetsOf } from '../support/documentation.ts'
import { skip as skipPython } from '../support/dbgpt.ts'
import { anchorsOf } from '../support/links.ts'
import { sectionsOf } from '../support/sections.ts'

const PAGE = 'docs/errors.md'
const text = await pageOf(PAGE)
const sections = new Map(sectionsOf(text).map(section => [section.heading, section]))
const run = promisify(execFile)

const CHROMIUM = '/usr/bin/chromium'
const skipBrowser = existsSync(CHROMIUM) ? false : 'there is no Chromium on this machine: apt-get install chromium'

const EXPIRED_KEY = `dbgpt_${MARKER}_expiredexpiredexpired`
const NARROW_KEY = `dbgpt_${MARKER}_narrownarrownarrow`
const good = new MemoryKeyStore([
  createApiKey(KEY),
  createApiKey({ key: NARROW_KEY, scopes: [] }),
  createApiKey({ key: EXPIRED_KEY, expiresAt: new Date(1e12) })
])
const down = { find: () => { throw new Error('down') } }

/** Starts a server, and tells where its API is and how often it was asked. */
async function serve (t: Test, options: DbgptAuthOptions = {}): Promise<{ baseURL: string, asked: () => number }> {
  const { app, guard } = harness(t)
  let count = 0
  app.addHook('onRequest', (_request, _reply, done) => {
    count++
    done()
  })
  await guard({ env: {}, keys: good, ...options })
  const config = { apiKey: { scopes: ['models'] } }
  app.get('/v1/models', { config }, () => ({ object: 'list', data: [] }))
  app.post('/v1/chat/completions', { config }, () => ({}))
  await app.listen({ port: 0 })
  return { baseURL: `${app.listeningOrigin}/v1`, asked: () => count }
}

/** What something throws, at once or later. */
async function failure (act: () => Promise<unknown>): Promise<Error> {
  return await rejection(act())
}

/** An address where nothing listens. */
async function nowhere (): Promise<string> {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return `http://127.0.0.1:${port}/v1`
}

/** What stands between backticks in a column of the tables below a heading. */
function quoted (heading: string, column = 1): string[] {
  const rows = (sections.get(heading)?.prose.match(/^\| (?!---).*\|$/gm) ?? []).slice(1)
  return rows.map(row => /(`+) ?(.*?) ?\1(?!`)/.exec(row.split(/ \| |^\| /)[column] as string)?.[2] as string)
}

/** An error as it is printed, without its stack, and without the key that it may hold. */
function printed (error: unknown): string {
  return inspect(error).split(/\n {4}at /)[0]?.replace(/"Bearer [^"]*"/, '"Bearer …"').trim() as string
}

t.test('each reason has its anchor, and is told by what its section says one sees', async t => {
  const { baseURL } = await serve(t)
  const { baseURL: failing } = await serve(t, { keys: down })
  const requests = {
    missing: {},
    malformed: bearer('a b'),
    unknown: bearer(WRONG_KEY),
    expired: bearer(EXPIRED_KEY),
    scope: bearer(NARROW_KEY),
    unavailable: bearer()
  }
  t.same(Object.keys(requests), Object.keys(buildAnswers('x', '')))
  for (const [reason, headers] of Object.entries(requests)) {
    t.ok(anchorsOf(text).includes(reason), reason)
    const answer = await fetch(`${reason === 'unavailable' ? failing : baseURL}/models`, { headers })
    const seen = answer.headers.get('www-authenticate') ?? `Retry-After: ${answer.headers.get('retry-after')}`
    const prose = sections.get(reason)?.prose ?? ''
    t.match(prose, `One sees: ${answer.status}`, reason)
    const sign = /error_description=".*"|error="insufficient_scope"|^Bearer [^,]*$|^Retry-After: 1$/.exec(seen)
    t.match(prose, sign?.[0] as string, reason)
    const { code } = (await answer.json() as { error: { code: string } }).error
    if (answer.status !== 401) t.match(prose, `\`${code}\``, reason)
  }
})

t.test('what explain says leads to a section that there is, in both languages', async t => {
  const reasons = Object.keys(buildAnswers('x', '')) as RejectionReason[]
  for (const page of [PAGE, 'docs/zh-CN/errors.md']) {
    const anchors = anchorsOf(await pageOf(page))
    for (const reason of reasons) {
      const [, anchor = ''] = / docs\/errors\.md#(\S+)$/.exec(explain(reason)) ?? []
      t.ok(anchors.includes(anchor), `${page}#${anchor}`)
    }
  }
})

t.test('each line of the log that has a code is told, as it is written', async t => {
  const files = (await readdir('lib', { recursive: true })).filter(name => /^(?!cli|doctor).*\.ts$/.test(name))
  const sources = (await Promise.all(files.map(async name => await readFile(join('lib', name), 'utf8')))).join('\n')
  const found = sources.matchAll(/(?:warn|error)\(\{ code: '(\w+)'|#warn\('(\w+)'/g)
  const codes = [...found].map(([, plain, own]) => plain ?? own)
  t.same(quoted('Warnings').sort(), codes.sort())
  for (const line of quoted('Warnings', 2)) {
    for (const part of line.split(/…|is mounted|can be changed/)) t.ok(sources.includes(part.trim()), `${line}: ${part}`)
  }
})

t.test('each code of the gateway is told among the other statuses', async t => {
  const names = ['answers/fault-page.ts', 'users/body.ts']
  const [faults, bodies] = await Promise.all(names.map(async name => await pageOf(`gateway/lib/${name}`)))
  const found = `${faults}${bodies}`.matchAll(/^ {4}(\w+_\w+): \[|code: '(\w+)'/gm)
  const codes = [...found].map(([, fault, body]) => fault ?? body)
  t.ok(codes.length > 10)
  const own = ['insufficient_scope', 'key_store_unavailable']
  const prose = sections.get('Other statuses')?.prose
  for (const code of codes as string[]) if (!own.includes(code)) t.match(prose, `\`${code}\``, code)
})

t.test('each error has what it means and what to do, and the line of curl shows why', async t => {
  const rows = sections.get('Start-up errors')?.prose.match(/^\| `FST_.*$/gm) ?? []
  t.ok(rows.length > 10)
  for (const row of rows) t.equal(row.split(' | ').length, 3, row)
  const { baseURL } = await serve(t)
  const [line] = await snippetsOf(PAGE, 'sh')
  const { stdout } = await runShell(line?.code ?? '', { env: { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: WRONG_KEY } })
  t.match(stdout, /^HTTP\/1\.1 401 [^]*error_description="The API key is not valid"[^]*invalid_api_key/)
})

t.test('OpenAI\'s client for Node shows what the page says', async t => {
  const { baseURL, asked } = await serve(t)
  const { baseURL: other } = await serve(t, { errorFormat: 'dbgpt' })
  const { baseURL: failing, asked: askedFailing } = await serve(t, { keys: down })
  const ask = async (apiKey: string, url = baseURL): Promise<Error> =>
    await failure(async () => await new OpenAI({ apiKey, baseURL: url }).models.list())
  const refused = await ask(WRONG_KEY)
  t.match((refused as unknown as { headers: Headers }).headers.get('www-authenticate'), 'The API key is not valid')
  const errors = [refused, await ask(WRONG_KEY, other), await ask(NARROW_KEY), await ask(KEY, failing), await ask('')]
  t.equal(askedFailing(), 3)
  const before = asked()
  errors.push(await ask(`${MARKER}\n${KEY}`), await ask(`“${KEY}”`))
  t.equal(asked(), before, 'nothing was sent')
  errors.push(await ask(KEY, await nowhere()))
  t.same(errors.map(printed), quoted('OpenAI\'s client for Node'))
  t.match(errors.at(-1)?.cause, { message: 'fetch failed', cause: { code: 'ECONNREFUSED' } })
  t.same((await new OpenAI({ apiKey: `${KEY}\n`, baseURL }).models.list()).data, [], 'a newline at the end is dropped')
})

t.test('the AI SDK shows what the page says', async t => {
  const { baseURL } = await serve(t)
  const { baseURL: other } = await serve(t, { errorFormat: 'fastapi' })
  const { baseURL: failing, asked } = await serve(t, { keys: down })
  const model = (apiKey: string | undefined, url: string): Parameters<typeof generateText>[0]['model'] =>
    createOpenAI({ ...apiKey !== undefined && { apiKey }, baseURL: url }).chat('echo')
  const ask = async (apiKey?: string, url = baseURL): Promise<Error> =>
    await failure(async () => await generateText({ model: model(apiKey, url), prompt: 'x' }))
  const refused = await ask(WRONG_KEY)
  t.match(refused, { message: '', statusCode: 401, responseBody: /invalid_api_key/, responseHeaders: { 'www-authenticate': /not valid/ } })
  t.match(await ask(NARROW_KEY), { message: '', statusCode: 403 })
  t.match(await ask(''), { responseHeaders: { 'www-authenticate': /malformed/ } })
  const unavailable = await ask(KEY, failing)
  t.match(unavailable, { lastError: { statusCode: 503 } })
  t.equal(asked(), 3)
  const told: unknown[] = []
  const stream = streamText({ model: model(WRONG_KEY, baseURL), prompt: 'x', onError: ({ error }) => { told.push(error) } })
  for await (const word of stream.textStream) t.fail(word)
  t.match(told, [{ statusCode: 401 }])
  const [ended, keyless, gone] = [await rejection(stream.text), await ask(), await ask(KEY, await nowhere())]
  const shown = [refused, await ask(WRONG_KEY, other), unavailable, ended, keyless, gone].map(error => String(error).trim())
  t.same(shown.map(each => each.replace(/(Cannot connect to API: ).*/, '$1…')), quoted('The AI SDK'))
})

t.test('clients show what explain says', async t => {
  const { baseURL } = await serve(t, { explain: true })
  const model = createOpenAI({ apiKey: WRONG_KEY, baseURL }).chat('echo')
  const errors = [
    printed(await rejection(new OpenAI({ apiKey: WRONG_KEY, baseURL }).models.list())),
    String(await rejection(generateText({ model, prompt: 'x' })))
  ]
  t.same(errors.map(error => error.replace(/(not valid: ).*/, '$1…')), [
    'AuthenticationError: 401 The API key is not valid: …', 'AI_APICallError: The API key is not valid: …'
  ])
  for (const error of errors) t.match(text, `\`${error.replace(/(not valid: ).*/, '$1…')}\``)
})

t.test('fetch, http and curl show what the page says', async t => {
  const { baseURL } = await serve(t)
  const [, inFetch, inHttp, inCurl, inCurlToo] = quoted('fetch, curl and others', 2)
  const headers = bearer(`${MARKER}\n${KEY}`)
  t.equal(printed(await failure(async () => await fetch(`${baseURL}/models`, { headers }))), inFetch)
  for (const key of [`${KEY}\n`, `“${KEY}”`]) {
    const error = await failure(async () => http.get(`${baseURL}/models`, { headers: bearer(key) }))
    t.equal(printed(error).split(' {')[0], inHttp)
  }
  t.match(await run('curl', ['-sS', '--fail', `${baseURL}/models`]).catch(error => error), { stderr: `${inCurl}\n` })
  t.equal((await run('curl', ['-sS', '-H', `Authorization: Bearer ${MARKER}\nX`, `${baseURL}/models`])).stdout, inCurlToo)
})

t.test('a browser\'s page of another origin fails to fetch', { skip: skipBrowser }, async t => {
  const { baseURL } = await serve(t)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  t.teardown(async () => await browser.close())
  const page = await browser.newPage()
  const lines: string[] = []
  page.on('console', line => lines.push(line.text()))
  await page.goto(baseURL.replace('127.0.0.1', 'localhost').replace('/v1', '/'))
  const error = await page.evaluate(async url => await fetch(url).then(() => 'answered', String), `${baseURL}/models`)
  t.equal(error, quoted('fetch, curl and others', 2)[0])
  t.match(lines.join('\n'), 'has been blocked by CORS policy')
  t.match(text, '`has been blocked by CORS policy`')
})

t.test('a large upload that is refused shows what the page says', { skip: skipPython }, async t => {
  const { baseURL } = await serve(t)
  const body = Buffer.alloc(30_000_000)
  t.equal((await fetch(`${baseURL}/files`, { method: 'POST', body })).status, 401)
  const curl = execFile('curl', ['-sS', '-w', '%{http_code}', '-o', '/dev/null', '--data-binary', '@-', `${baseURL}/files`])
  curl.stdin?.on('error', () => {}).end(body)
  let status = ''
  curl.stdout?.on('data', data => { status += data })
  await once(curl, 'close')
  t.equal(status, '401')
  const request = http.request(`${baseURL}/files`, { method: 'POST', headers: { 'content-length': body.length } })
  const failed = new Promise(resolve => { request.on('error', resolve) })
  const responded = once(request, 'response') as Promise<[http.IncomingMessage]>
  request.end(body)
  const [answer] = await responded
  t.equal(answer.statusCode, 401)
  answer.resume()
  const prose = sections.get('Large uploads')?.prose
  t.match(prose, (await failed as { code: string }).code)
  const program = `import urllib.request as u\ntry: u.urlopen("${baseURL}/files", data=bytes(${body.length}))\nexcept Exception as e: print(e)`
  const { stdout } = await run('/usr/bin/python3', ['-c', program])
  t.match(stdout, /^<urlopen error (.*)>$/m)
  t.match(prose, /\[Errno \d+\] [\w ]+/.exec(stdout)?.[0] as string)
})
