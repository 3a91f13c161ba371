// Checked by tsc and never run.
import type { VerificationError } from 'fastify-dbgpt-auth'
import * as errors from '../lib/errors.ts'
import { same } from './equals.ts'

type Errors = typeof errors
type ErrorOf<Name extends keyof Errors> = ReturnType<Errors[Name]>

// Each error's code is the constant's own name, as a literal.
type Misnamed = { [Name in keyof Errors]: ErrorOf<Name>['code'] extends Name ? never : Name }[keyof Errors]
type Widened = { [Name in keyof Errors]: string extends ErrorOf<Name>['code'] ? Name : never }[keyof Errors]
same<Misnamed, never>()
same<Widened, never>()

// Those that answer a request have their status as a literal, too; those of the start-up have none.
type WithStatus<Status extends number> = {
  [Name in keyof Errors]: ErrorOf<Name>['statusCode'] extends Status ? Name : never
}[keyof Errors]
same<WithStatus<401>, 'FST_DBGPT_AUTH_UNAUTHORIZED'>()
same<WithStatus<403>, 'FST_DBGPT_AUTH_INSUFFICIENT_SCOPE'>()
same<WithStatus<503>, 'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE'>()
same<ErrorOf<'FST_DBGPT_AUTH_OPTION'>['statusCode'], number | undefined>()

export function explain (error: VerificationError): string {
  same<
    typeof error.code,
    'FST_DBGPT_AUTH_UNAUTHORIZED' | 'FST_DBGPT_AUTH_INSUFFICIENT_SCOPE' | 'FST_DBGPT_AUTH_KEY_STORE_UNAVAILABLE'
  >()
  same<typeof error.statusCode, 401 | 403 | 503>()
  // @ts-expect-error There is no such code.
  if (error.code === 'FST_DBGPT_AUTH_UNKNOWN') return ''
  return error.headers['www-authenticate'] ?? error.reason
}
