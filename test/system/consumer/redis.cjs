const Fastify = require('fastify')
const { dbgptAuth } = require('fastify-dbgpt-auth')
const { RedisKeyStore } = require('fastify-dbgpt-auth/redis')

const url = 'redis://127.0.0.1'
for (const options of [{ env: { API_KEYS_REDIS_URL: url } }, { keys: new RedisKeyStore({ url }) }]) {
  Fastify().register(dbgptAuth, options).ready(error => console.log(error.code, error.message))
}
