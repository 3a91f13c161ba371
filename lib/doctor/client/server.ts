import type { Found } from '../finding.ts'
import { formatOf, serverOf } from './recognise.ts'
import type { Case } from './case.ts'
import { type Answer, headerOf, isAnswer, jsonOf } from './outcome.ts'
import type { AuthCode } from './texts-auth.ts'

/** A route of DB-GPT's below /api/v1, where it checks no key. */
const DBGPT_OPEN = '/api/v1/model/types'
/** What the gateway of this project serves to everybody. */
const BADGE = '/login/badge.css'

/** What is known of a server whichever the key. */
export interface About {
  readonly isDbgpt: boolean
  readonly found: readonly Found<AuthCode>[]
}

/** Recognises a server by how it refuses, and says what to mind with it. */
export async function judgeServer ({ asker }: Pick<Case, 'asker'>, answer: Answer): Promise<About> {
  const server = serverOf(answer)
  const found: Found<AuthCode>[] = server === undefined ? [] : [{ code: 'server', params: { server } }]
  if (server === 'DB-GPT') {
    const types = await asker.ask(DBGPT_OPEN)
    if (isAnswer(types) && types.status === 200 && jsonOf(types) !== undefined) found.push({ code: 'dbgpt_v1_open' })
    found.push({ code: 'dbgpt_ui' })
  }
  if (server === 'fastify-dbgpt-auth') {
    const badge = await asker.ask(BADGE)
    if (isAnswer(badge) && badge.body.startsWith('#dbgpt-gateway-badge')) found.push({ code: 'gateway' })
  }
  // DB-GPT's pages compare it to the letter.
  if (formatOf(answer) === 'dbgpt' && headerOf(answer, 'content-type') !== 'application/json') found.push({ code: 'dbgpt_content_type' })
  return { isDbgpt: server === 'DB-GPT', found }
}
