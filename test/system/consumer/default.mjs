import Fastify from 'fastify'
import dbgptAuth from 'fastify-dbgpt-auth'
import { check, KEY } from './check.cjs'

const app = Fastify()
await app.register(dbgptAuth, { env: { API_KEYS: KEY } })
await check(app)
