import type { Found } from '../finding.ts'
import type { Asker } from './asker.ts'
import { isAnswer, isHtml } from './outcome.ts'
import { baseOf, variantOf } from './place.ts'
import type { Show } from './secrets.ts'
import type { AnswerCode } from './texts-answer.ts'

/**
 * Says that a path is right with `/v1` once.
 *
 * @param variant - the path that is right, which is longer where the version was missing
 * @param shown - what is shown of it
 */
export function versionFault (path: string, variant: string, shown: string): Found<AnswerCode> {
  return { code: variant.length < path.length ? 'path_version_twice' : 'path_version_missing', params: { path: shown } }
}

/** Says what is wrong with a path at which nothing is found, with credentials that are good. */
export async function judgePath (
  asker: Asker, path: string, headers: Readonly<Record<string, string>>, show: Show
): Promise<Found<AnswerCode> | undefined> {
  const [pathname = ''] = path.split('?')
  if (pathname === '/') return undefined
  const exists = async (path: string): Promise<boolean> => {
    const outcome = await asker.ask(path, { headers })
    return isAnswer(outcome) && !isHtml(outcome) && outcome.status !== 404 && outcome.status < 500
  }
  const base = baseOf(pathname)
  const isBase = base !== pathname || /\/v\d+$/.test(base)
  const asked = isBase ? `${base}/models` : pathname
  const variant = variantOf(asked)
  if (variant !== undefined && await exists(variant)) {
    return versionFault(asked, variant, show(isBase ? variant.replace(/\/models$/, '') : variant))
  }
  // Not every API lists its models.
  return isBase ? undefined : { code: 'path_wrong', params: { path: show(pathname) } }
}
