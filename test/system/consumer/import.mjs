import 'fastify-dbgpt-auth'
