import { createApiKey } from 'fastify-dbgpt-auth'

try {
  createApiKey('')
} catch (error) {
  console.log(error.stack)
}
