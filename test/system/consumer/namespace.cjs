const Fastify = require('fastify')
const { check, KEY } = require('./check.cjs')

const app = Fastify()
app.register(require('fastify-dbgpt-auth'), { env: { API_KEYS: KEY } })
check(app)
