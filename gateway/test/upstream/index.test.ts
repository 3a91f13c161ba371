import t from 'tap'
import { startUpstream } from '../../lib/upstream/index.ts'

t.test('the stand-in answers as DB-GPT and OpenAI do', async t => {
  const app = await startUpstream()
  t.teardown(async () => await app.close())
  const chat = async (payload: object) => await app.inject({ method: 'POST', url: '/v1/chat/completions', payload })

  t.test('what it is asked', async t => {
    const { statusCode, body } = await app.inject('/api/v2/serve/awel/flows?page=2&page_size=1')
    t.match({ statusCode, ...JSON.parse(body) }, { statusCode: 200, success: true, data: { items: [{ name: 'my_llm_flow' }], total_pages: 2, page: 2 } })
    const answer = await chat({ model: 'echo', messages: [{ role: 'user', content: '' }] })
    t.match(answer.json(), { choices: [{ message: { content: 'You said: ' } }], usage: { prompt_tokens: 0, completion_tokens: 2, total_tokens: 2 } })
  })

  t.test('and what it cannot do, in their words', async t => {
    const flows = await app.inject('/api/v2/serve/awel/flows?page=0')
    t.match({ status: flows.statusCode, ...flows.json() }, { status: 400, success: false, err_code: '400', err_msg: /page/, data: null })
    const answer = await chat({ model: 'echo', messages: [] })
    t.match({ status: answer.statusCode, ...answer.json() }, { status: 400, error: { message: /messages/, type: 'invalid_request_error', code: null } })
  })
})
