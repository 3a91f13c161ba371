/**
 * Says in a query who calls. What it says of other things stays as it was written, and so does a name without a value.
 *
 * @param query - without its question mark
 * @param user - who calls
 * @param names - the parameters that say so, wherever they name somebody
 * @param always - those of them that are put in where they are missing
 */
export function queryAs (query: string, user: string, names: readonly string[], always: readonly string[] = []): string {
  const pairs = query === '' ? [] : query.split('&')
  const kept = pairs.flatMap(pair => {
    const [name = '', value = ''] = new URLSearchParams(pair).entries().next().value ?? []
    if (always.includes(name)) return []
    return value !== '' && names.includes(name) ? [`${name}=${user}`] : [pair]
  })
  // In front: what stands behind a stray `#` may never arrive.
  return [...always.map(name => `${name}=${user}`), ...kept].join('&')
}
