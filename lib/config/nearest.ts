/** Returns the name that takes the fewest steps to come to, whatever the case. */
export function nearest (name: string, known: readonly string[]): string {
  const by = known.map(each => ({ each, steps: steps(name.toLowerCase(), each.toLowerCase()) }))
  return by.reduce((best, next) => next.steps < best.steps ? next : best).each
}

/** Finds what a mistyped name was most likely meant to be; undefined, nothing is near. */
export function meantBy (name: string, known: readonly string[]): string | undefined {
  const begun = known.filter(each => name.length > 2 && each.startsWith(name))
  if (begun.length === 1 || known.length === 0) return begun[0]
  const short = name.slice(0, 100)
  const near = nearest(short, known)
  // Two letters that have changed places are two steps.
  return steps(short, near) <= (name.length > 3 ? 2 : 1) ? near : undefined
}

/** Counts the letters to put in, leave out or replace between two texts (Levenshtein). */
export function steps (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [line, letter] of [...a].entries()) {
    const next = [line + 1]
    for (let column = 1; column <= b.length; column++) {
      const [left, above, diagonal] = [next[column - 1], row[column], row[column - 1]] as [number, number, number]
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === b[column - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] as number
}
