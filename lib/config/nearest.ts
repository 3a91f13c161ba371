/** Returns the name that takes the fewest changes to a letter to come to (Levenshtein's distance), whatever the case. */
export function nearest (name: string, names: readonly string[]): string {
  const distances = names.map(each => [distance(name.toLowerCase(), each.toLowerCase()), each] as const)
  return distances.reduce((best, each) => each[0] < best[0] ? each : best)[1]
}

function distance (from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let line = 0; line < from.length; line++) {
    const above = row
    row = [line + 1]
    for (let index = 0; index < to.length; index++) {
      const change = from[line] === to[index] ? 0 : 1
      row.push(Math.min(at(above, index + 1) + 1, at(row, index) + 1, at(above, index) + change))
    }
  }
  return at(row, to.length)
}

const at = (row: readonly number[], index: number): number => row[index] as number
