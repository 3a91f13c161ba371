import { type Answer, headerOf, jsonOf } from './outcome.ts'

type Looks = (answer: Answer, body: Readonly<Record<string, unknown>>) => boolean

// What people come to by a wrong port or host, by what it answers to everybody.
const SERVICES: readonly (readonly [service: string, looks: Looks])[] = [
  ['Kubernetes', (_answer, body) => body['kind'] === 'Status' && 'apiVersion' in body],
  ['S3', (answer, _body) => /^(?:AmazonS3|MinIO)/.test(headerOf(answer, 'server')) || /^\s*(?:<\?xml[^>]*>\s*)?<Error><Code>/.test(answer.body)],
  ['Elasticsearch', (answer, body) => body['tagline'] === 'You Know, for Search' || /"type":"security_exception"/.test(answer.body)],
  ['Grafana', (_answer, body) => typeof body['messageId'] === 'string'],
  ['MongoDB', answer => answer.body.startsWith('It looks like you are trying to access MongoDB over HTTP')]
]

/** Names a service that is nobody's language model API. */
export function serviceOf (answer: Answer): string | undefined {
  const body = jsonOf(answer) ?? {}
  return SERVICES.find(([, looks]) => looks(answer, body))?.[0]
}
