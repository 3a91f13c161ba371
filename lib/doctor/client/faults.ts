import type { Found } from '../finding.ts'
import type { Asker } from './asker.ts'
import { type Fault, isAnswer, TIMEOUT } from './outcome.ts'
import { namePort, NAMING, speaksTls } from './port.ts'
import type { FaultCode } from './texts-connection.ts'

/** What OpenSSL and Node call it, and what it is. */
const TLS: Readonly<Record<string, FaultCode>> = {
  CERT_HAS_EXPIRED: 'tls_expired',
  CERT_NOT_YET_VALID: 'tls_not_yet_valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_unknown_ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_unknown_ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_wrong_name',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'tls_old_version',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'tls_old_version',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'tls_client_certificate',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'http2_only',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'http2_only',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'tls_no_site',
  ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR: 'tls_no_site'
}

const CONNECTION: Readonly<Record<string, FaultCode>> = {
  ENOTFOUND: 'dns_no_host',
  EAI_AGAIN: 'dns_unavailable',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'connect_timeout',
  [TIMEOUT]: 'connect_timeout',
  EHOSTUNREACH: 'no_route',
  ENETUNREACH: 'no_route'
}

/** What services that are no HTTP say first. */
const BANNERS: readonly (readonly [what: string, banner: RegExp])[] = [
  ['SSH', /^SSH-/],
  ['Redis', /^-(?:ERR|NOAUTH|DENIED)/],
  ['SMTP', /^220[ -][^]*(?:SMTP|mail)/i],
  ['FTP', /^220[ -]/]
]

/** Says why a server cannot be asked; looks closer at what listens there where that tells. */
export async function judgeFault (fault: Fault, asker: Asker): Promise<Found<FaultCode>> {
  const { stage, code } = fault
  const { url } = asker
  const isTls = url.protocol === 'https:'
  const params = { host: url.host }
  const known = TLS[code] ?? (stage === 'connect' ? CONNECTION[code] : undefined)
  if (known !== undefined) return { code: known, params }
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return await judgeNoTls(asker)
  if (isTls && /^(?:ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|EPROTO)/.test(code)) return { code: 'tls_failed', params: { code } }
  if (stage === 'connect') return { code: 'unreachable', params: { ...params, code } }
  if (code.startsWith('HPE_')) return judgeBytes(fault)
  if (stage === 'tls' && code !== TIMEOUT) return await judgeNoTls(asker)
  const isHttps = !isTls && asker.proxy === undefined && asker.take() && await speaksTls(url, asker.timeoutMs)
  if (isHttps) return { code: 'https_port', params }
  const ended = code === TIMEOUT ? 'no_answer' : 'connection_closed'
  return await nameOf(asker) ?? { code: ended, params }
}

/** Looks at what answers TLS with something else. */
async function judgeNoTls (asker: Asker): Promise<Found<FaultCode>> {
  const plain = await asker.plain().ask('/')
  const params = { host: asker.url.host }
  if (isAnswer(plain)) return { code: 'http_port', params }
  const found = judgeBytes(plain)
  if (found.code === 'not_http') return found
  return await nameOf(asker) ?? { code: 'tls_failed', params: { code: 'EPROTO' } }
}

async function nameOf (asker: Asker): Promise<Found<FaultCode> | undefined> {
  const what = asker.proxy === undefined && asker.take(NAMING) ? await namePort(asker.url, asker.timeoutMs) : undefined
  return what === undefined ? undefined : { code: 'not_http', params: { what } }
}

/** Says what has come in place of an answer. */
function judgeBytes ({ code, bytes }: Fault): Found<FaultCode> {
  const text = bytes?.toString('latin1') ?? ''
  const [first, second, , fourth, fifth] = bytes ?? []
  // A TLS record: an alert, most often.
  if (first === 0x15 && second === 3) return { code: 'https_port' }
  // A packet's number, then the protocol's or an error.
  const isMysql = (fourth === 0 || fourth === 1) && (fifth === 10 || fifth === 0xff)
  // A frame of HTTP/2: settings, or the end.
  if (first === 0 && (fourth === 4 || fourth === 7)) return { code: 'http2_only' }
  const what = isMysql ? 'MySQL' : BANNERS.find(([, banner]) => banner.test(text))?.[0]
  if (what !== undefined) return { code: 'not_http', params: { what } }
  return text === '' || /^HTTP\//.test(text) || code === 'HPE_HEADER_OVERFLOW' ? { code: 'answer_broken', params: { code } } : { code: 'not_http', params: { what: '?' } }
}
