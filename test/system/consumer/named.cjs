const Fastify = require('fastify')
const { dbgptAuth } = require('fastify-dbgpt-auth')
const { check, KEY } = require('./check.cjs')

const app = Fastify()
app.register(dbgptAuth, { env: { API_KEYS: KEY } })
check(app)
