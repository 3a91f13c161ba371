import { readFileSync } from 'node:fs'

/**
 * Says of which files which lines are not covered.
 *
 * @param path - a report in the format of lcov
 */
export function uncovered (path) {
  return readFileSync(path, 'utf8').split('end_of_record').flatMap(record => {
    const file = /^SF:(.*)$/m.exec(record)?.[1]
    const missing = {
      lines: [...record.matchAll(/^DA:(\d+),0$/gm)].map(([, line]) => Number(line)),
      branches: [...record.matchAll(/^BRDA:(\d+),\d+,\d+,0$/gm)].map(([, line]) => Number(line)),
      functions: [...record.matchAll(/^FNDA:0,(.*)$/gm)].map(([, name]) => name)
    }
    const parts = Object.entries(missing).filter(([, where]) => where.length > 0)
    return parts.length > 0 ? [`not covered: ${file}: ${parts.map(([what, where]) => `${what} ${ranges(where)}`).join('; ')}`] : []
  })
}

/** Writes lines that follow each other as one range. */
function ranges (lines) {
  const groups = []
  for (const line of new Set(lines)) {
    const last = groups.at(-1)
    if (last !== undefined && line === last[1] + 1) last[1] = line
    else groups.push([line, line])
  }
  return groups.map(([from, to]) => from === to ? `${from}` : `${from}-${to}`).join(', ')
}
