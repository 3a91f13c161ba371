import { Readable } from 'node:stream'
import type { FastifyError, FastifyPluginAsync } from 'fastify'
import { answer, type ChatRequest, chatSchema, streamAnswer } from './chat.ts'

const model = { id: 'echo', object: 'model', created: 1_700_000_000, owned_by: 'fastify-dbgpt-auth' }

/** What OpenAI's clients ask for. */
export const openaiRoutes: FastifyPluginAsync = async app => {
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500, message } = error
    reply.code(statusCode).send({ error: { message, type: 'invalid_request_error', param: null, code: null } })
  })

  app.get('/models', async () => ({ object: 'list', data: [model] }))

  app.post<{ Body: ChatRequest }>('/chat/completions', { schema: { body: chatSchema } }, async (request, reply) => {
    if (request.body.stream !== true) return answer(request.body)
    // Fastify destroys the stream when the client goes away, which ends the generator.
    return reply
      .header('cache-control', 'no-cache')
      .type('text/event-stream; charset=utf-8')
      .send(Readable.from(streamAnswer(request.body)))
  })
}
