import OpenAI, { AuthenticationError } from 'openai'
import type { Test } from 'tap'
import { KEY, rejection, WRONG_KEY } from './app.ts'

/** Talks to a server as the openai client does: with the key of the tests, and with one that nobody has. */
export async function converse (t: Test, url: string): Promise<void> {
  const client = (apiKey: string): OpenAI => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 })
  const { chat, models } = client(KEY)
  t.same((await models.list()).data.map(({ id }) => id), ['echo'])
  const body = { model: 'echo', messages: [{ role: 'user' as const, content: 'Hello you' }] }
  const completion = await chat.completions.create(body)
  t.equal(completion.choices[0]?.message.content, 'You said: Hello you')
  const words: unknown[] = []
  for await (const chunk of await chat.completions.create({ ...body, stream: true })) {
    words.push(chunk.choices[0]?.delta.content)
  }
  t.same(words, ['', 'You ', 'said: ', 'Hello ', 'you', undefined])

  const error = await rejection(client(WRONG_KEY).models.list())
  t.type(error, AuthenticationError)
  t.match(error, { status: 401, code: 'invalid_api_key', type: 'invalid_request_error', param: null })
}
