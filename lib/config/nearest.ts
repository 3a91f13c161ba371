/** Finds what a mistyped name was most likely meant to be; undefined, nothing is near. */
export function nearest (name: string, known: readonly string[]): string | undefined {
  const begun = known.filter(each => name.length > 2 && each.startsWith(name))
  if (begun.length === 1) return begun[0]
  // Two letters that have changed places are two steps.
  const near = known.map(each => ({ each, steps: name.length > 2 * each.length ? Infinity : steps(name, each) }))
    .sort((a, b) => a.steps - b.steps)[0]
  return near !== undefined && near.steps <= (name.length > 3 ? 2 : 1) ? near.each : undefined
}

/** Counts the letters to put in, leave out or replace between two texts (Levenshtein). */
function steps (a: string, b: string): number {
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
