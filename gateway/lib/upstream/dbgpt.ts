import type { FastifyError, FastifyPluginAsync } from 'fastify'

interface Page {
  readonly page: number
  readonly page_size: number
}

const pageSchema = {
  type: 'object',
  properties: {
    page: { type: 'integer', minimum: 1, default: 1 },
    page_size: { type: 'integer', minimum: 1, maximum: 100, default: 20 }
  }
}

const flows = [
  flow('5b25ac8a-ba8e-11ee-b96d-3b9bfdeebd1c', 'first_awel_flow', 'First AWEL Flow', 'common'),
  flow('6a4752ae-ba8e-11ee-afff-af8fd9bfe727', 'my_llm_flow', 'My LLM Flow', 'chat_flow')
]

/** What DB-GPT's web page asks for when it opens AWEL Flow. */
export const dbgptRoutes: FastifyPluginAsync = async app => {
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { statusCode = 500, message } = error
    reply.code(statusCode).send({ success: false, err_code: String(statusCode), err_msg: message, data: null })
  })

  app.get<{ Querystring: Page }>('/flows', { schema: { querystring: pageSchema } }, async request => {
    const { page, page_size: size } = request.query
    return succeed({
      items: flows.slice((page - 1) * size, page * size),
      total_count: flows.length,
      total_pages: Math.ceil(flows.length / size),
      page,
      page_size: size
    })
  })

  app.get('/test_auth', async () => ({ status: 'ok' }))
}

/** DB-GPT's envelope. */
function succeed (data: object): object {
  return { success: true, err_code: null, err_msg: null, data }
}

function flow (uid: string, name: string, label: string, category: 'common' | 'chat_flow'): object {
  return {
    uid,
    label,
    name,
    flow_category: category,
    flow_data: { nodes: [], edges: [], viewport: { x: 0, y: 0, zoom: 1 } },
    description: `${label}, without nodes`,
    state: 'deployed',
    source: 'DBGPT-WEB',
    version: '0.1.1',
    editable: true
  }
}
