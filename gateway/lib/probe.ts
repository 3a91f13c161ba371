const PATIENCE_MS = 3000

/**
 * Asks DB-GPT once, as the gateway would.
 *
 * @param url - its address
 * @param key - the key that it asks for; blank, none
 * @param patienceMs - how long it may take, in milliseconds
 * @returns what is wrong with it, and what comes of that
 */
export async function probe (url: string, key: string, patienceMs: number = PATIENCE_MS): Promise<string | undefined> {
  try {
    const { status, body } = await fetch(new URL('/api/v2/serve/awel/flows', url), {
      headers: key === '' ? {} : { authorization: `Bearer ${key}` }, redirect: 'manual', signal: AbortSignal.timeout(patienceMs)
    })
    await body?.cancel()
    if (status !== 401) return undefined
    return 'DB-GPT answers 401: set DBGPT_API_KEY to one of its own API_KEYS, or turn them off there'
  } catch (error) {
    const { name, cause = error } = error as Error
    const { code, message } = cause as NodeJS.ErrnoException
    const why = name === 'TimeoutError' ? 'no answer' : code ?? message
    return `DB-GPT cannot be reached at ${url} (${why}): until it can, requests are answered 502 or 504`
  }
}
