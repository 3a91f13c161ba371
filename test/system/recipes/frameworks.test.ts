import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { BODY_401, KEY } from '../../support/app.ts'
import { pageOf } from '../../support/documentation.ts'
import type { Ask } from '../../support/recipe.ts'
import { testRecipes } from '../../support/recipes.ts'

async function tryMiddleware (t: Test, { say }: Ask, answer: string): Promise<void> {
  t.equal(await say('/', KEY), '200 ok')
  t.equal(await say('/legacy', KEY), answer)
  for (const path of ['/', '/legacy', '/legacy/more', '//legacy', '/%6cegacy', '/unknown']) {
    t.equal(await say(path), `401 ${BODY_401}`, path)
  }
}

const NEST_MIDDLEWARE = `class AppModule {
  configure (consumer: import('@nestjs/common').MiddlewareConsumer) {
    consumer.apply((_request: object, response: { end (text: string): void }) => { response.end('from middleware') }).forRoutes('legacy')
  }
}`

await testRecipes(t, 'Frameworks', {
  'Express middleware': async (t, start) => {
    const answer = `200 from Express, to ${createApiKey(KEY).id}`
    await tryMiddleware(t, await start(), answer)
    await tryMiddleware(t, await start({ change: code => code.replaceAll('@fastify/express', '@fastify/middie') }), answer)
    const guard = 'await app.register(dbgptAuth)\n'
    const { say, says } = await start({
      change: code => code.replace('Fastify()', 'Fastify({ logger: true })').replace(guard, '').replace('app.get(', `${guard}app.get(`)
    })
    t.equal(await say('/legacy'), '200 from Express, to undefined', 'the wrong order')
    await says(/"level":40,.*@fastify\/express/)
    t.equal(await say('/'), `401 ${BODY_401}`)
  },
  NestJS: async (t, start) => {
    const ask = await start()
    t.equal(await ask.say('/', KEY), '200 ok')
    t.equal(await ask.say('/health'), '200 ok')
    for (const path of ['/', '//', '/unknown', '/HEALTH', '/health/']) t.equal(await ask.say(path), `401 ${BODY_401}`, path)
    t.match(await ask('/health', { method: 'POST' }), { status: 401, body: BODY_401 })
    t.match(await ask.say('/unknown', KEY), /^404 .*Cannot GET/)
    // It guards middleware as well, and lets CORS answer, also where it is compiled to CommonJS.
    const more = await start({
      language: 'cts',
      change: code => code
        .replace('class AppModule {}', NEST_MIDDLEWARE)
        .replace('@Controller()', '@Controller()\n@RouteConfig({ apiKey: false })')
        .replace('await app.listen', 'app.enableCors()\n  await app.listen')
    })
    await tryMiddleware(t, more, '200 from middleware')
    const headers = { origin: 'https://ui.example.com', 'access-control-request-method': 'GET' }
    t.match(await more('/', { method: 'OPTIONS', headers }), { status: 204, headers: { 'access-control-allow-origin': '*' } })
  },
  '`fastify-cli` and `@fastify/autoload`': async (t, start, others) => {
    const page = await pageOf('docs/recipes.md')
    const [, args = ''] = /`npx fastify start (.*)`/.exec(page) ?? []
    const names = [/`(plugins\/.*)`:/, /`(routes\/.*)`:/].map(pattern => pattern.exec(page)?.[1])
    const run = async (app: (code: string) => string): Promise<Ask> => {
      const files: Record<string, string> = Object.fromEntries(names.map((name, index) => [name, others[index]?.code]))
      return await start({
        files,
        change: code => {
          files['app.mjs'] = app(code)
          // What the command calls; it would not be one if it was imported.
          return `${code.split('\n')[0]}\nimport command from 'fastify-cli/start.js'\ncommand.cli(${JSON.stringify(args.split(' '))})\n`
        }
      })
    }
    const ask = await run(code => code)
    await ask.says(/"keys":2,.*"msg":"API key authentication is on/)
    t.equal(await ask.say('/models', KEY), '200 []')
    for (const path of ['/models', '/models/', '/unknown']) t.match(await ask.say(path), /^401 \{"success":false,/, path)
    t.match(await ask.say('/unknown', KEY), /^404 /)
    const { say } = await run(code => code.replace(', skipOverride: true', ''))
    t.match(await say('/models'), /^401 /)
    t.match(await say('/unknown'), /^404 /, 'without skipOverride')
  }
})
