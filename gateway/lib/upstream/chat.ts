import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

const PAUSE_MS = 30

/** The body of a request for a chat completion: what this server looks at of it. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string, readonly content: string }[]
  readonly stream?: boolean
}

export const chatSchema = {
  type: 'object',
  required: ['model', 'messages'],
  properties: {
    model: { type: 'string', minLength: 1 },
    messages: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['role', 'content'],
        properties: { role: { type: 'string' }, content: { type: 'string' } }
      }
    },
    stream: { type: 'boolean' }
  }
}

/** Answers in one piece. */
export function answer (request: ChatRequest): object {
  const content = echo(request)
  const message = { role: 'assistant', content, refusal: null }
  return {
    ...head(request, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: usage(request, content)
  }
}

/** Answers word by word, as server-sent events. */
export async function * streamAnswer (request: ChatRequest): AsyncGenerator<string> {
  const common = head(request, 'chat.completion.chunk')
  yield event(chunk({ role: 'assistant', content: '' }))
  for (const content of echo(request).split(/(?<=\s)(?=\S)/)) {
    yield event(chunk({ content }))
    await pause(PAUSE_MS)
  }
  yield event(chunk({}, 'stop'))
  yield 'data: [DONE]\n\n'

  function chunk (delta: object, finishReason: 'stop' | null = null): object {
    return { ...common, choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] }
  }
}

function head ({ model }: ChatRequest, object: string): object {
  return { id: `chatcmpl-${randomUUID()}`, object, created: Math.floor(Date.now() / 1000), model }
}

function echo ({ messages }: ChatRequest): string {
  return `You said: ${messages.at(-1)?.content}`
}

function usage ({ messages }: ChatRequest, answer: string): object {
  const prompt = countWords(messages.map(({ content }) => content).join(' '))
  const completion = countWords(answer)
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

/** What this server has for tokens. */
function countWords (text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}

function event (data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}
