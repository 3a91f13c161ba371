import { examineClient } from '../../doctor/client/examine.ts'
import { CLIENT_TEXTS, type ClientCode } from '../../doctor/client/texts.ts'
import { bySeverity, describe, type Finding, type Found, type Language } from '../../doctor/finding.ts'
import { examineServer } from '../../doctor/server/examine.ts'
import { SERVER_TEXTS, type ServerCode } from '../../doctor/server/texts.ts'
import { clientKeyOf } from '../call/client-key.ts'
import { judgeKey, type Verdict } from '../call/judge.ts'
import { LANGUAGE_OPTION, languageOf } from '../call/language.ts'
import { JSON_OPTION, textOption, UsageError } from '../call/options.ts'
import { printFindings } from '../call/print-findings.ts'
import { printJson } from '../call/print.ts'
import { judgingStoreOf } from '../call/store.ts'
import type { Call, Command } from '../call/types.ts'

const FOUND = 1
/** What the server says of a key that its store does not have. */
const UNKNOWN: readonly ClientCode[] = ['key_unknown', 'key_unknown_hex', 'key_unknown_or_dropped']

/** `dbgpt-auth doctor` */
export const doctor: Command = {
  summary: 'say what is wrong: with a server started here, or with the one at a URL',
  operands: ['[URL]'],
  options: {
    json: JSON_OPTION,
    lang: LANGUAGE_OPTION,
    stdin: { type: 'boolean', help: 'read the key on standard input (default: DBGPT_API_KEY, OPENAI_API_KEY, or there)' },
    origin: { type: 'string', value: 'ORIGIN', help: 'of a page that is to read the answers of the URL, such as https://app.example' }
  },
  async run (call) {
    const { values, operands: [given], streams } = call
    const asked = languageOf(call)
    const language = values.json === true ? 'en' : asked
    const told = given === undefined ? await atHome(call, language) : await abroad(given, call, language)
    const findings = bySeverity(told).filter(({ severity }) => severity !== 'fact')
    const healthy = findings.length === 0
    if (values.json === true) printJson(streams.stdout, { healthy, findings })
    else printFindings(streams, told.filter(({ severity }) => severity === 'fact'), findings, language)
    return healthy ? 0 : FOUND
  }
}

async function atHome (call: Call, language: Language): Promise<Finding[]> {
  const misplaced = ['stdin', 'origin'].find(name => call.values[name] !== undefined)
  if (misplaced !== undefined) throw new UsageError(`--${misplaced} is for a URL`)
  return (await examineServer(call.streams.env, call.now)).map(found => describe(found, SERVER_TEXTS, language))
}

async function abroad (given: string, call: Call, language: Language): Promise<Finding[]> {
  const [url, origin] = [assertUrl(given), assertOrigin(textOption(call, 'origin'))]
  const { key, found } = await clientKeyOf(call)
  const seen = await examineClient({ url, key, env: call.streams.env, origin })
  const known = key !== undefined && seen.some(({ code }) => UNKNOWN.includes(code)) ? await knownHere(key, call) : []
  // What is known here says more than that it is not known there.
  const here = [...found, ...known].map(each => describe(each, SERVER_TEXTS, language))
  return [...here, ...seen.map(each => describe(each, CLIENT_TEXTS, language))]
}

/** Says nothing of what was given: there may be a key in it. */
function assertUrl (text: string): string {
  const { protocol = '', username = '', password = '' } = URL.canParse(text) ? new URL(text) : {}
  if (username !== '' || password !== '' || /^[^/?#]*\/*[^/?#]*@/.test(text)) {
    throw new UsageError('a URL is given without user and password: others see arguments; the key is piped in, or in DBGPT_API_KEY')
  }
  if (/^https?:$/.test(protocol)) return text
  throw new UsageError('the argument must be a URL such as http://localhost:3000 or https://api.example')
}

function assertOrigin (text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const { protocol = '', origin = '' } = URL.canParse(text) ? new URL(text) : {}
  if (/^https?:$/.test(protocol) && origin === text.toLowerCase().replace(/\/$/, '')) return origin
  throw new UsageError('--origin must be the origin of a page, such as https://app.example')
}

/** Looks the key up in the store that is named here, if one is; that it fails says nothing of the URL. */
async function knownHere (key: string, call: Call): Promise<Found<ServerCode>[]> {
  try {
    return foundOf(await judgeKey(key, judgingStoreOf(call)))
  } catch {
    return []
  }
}

function foundOf (verdict: Verdict): Found<ServerCode>[] {
  if (verdict.verdict === 'good') return [{ code: 'local_good' }]
  if (verdict.verdict === 'expired') {
    const { id, expiresAt } = verdict.key
    return [{ code: 'local_expired', params: { id, at: String(expiresAt?.toISOString()) } }]
  }
  if (verdict.verdict !== 'revoked') return []
  return [{ code: 'local_revoked', params: { id: String(verdict.id), at: verdict.at.toISOString(), actor: verdict.actor } }]
}
