import { execFileSync } from 'node:child_process'
import { measureMemory } from './memory.ts'
import { measure, type Times } from './rounds.ts'
import { prepareSubjects } from './subjects.ts'
import { describe, table } from './table.ts'

const SIZES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
const LARGEST = 1_000_000
const PASSES = 3
const TIME_LIMIT = 180_000

// Each size is measured in a process of its own: one app in it, as in production.
const [, script = '', task] = process.argv
if (task === undefined) compare()
else if (task === 'memory') console.log(await measureMemory(LARGEST))
else console.log(JSON.stringify(await measure(await prepareSubjects(Number(task)))))

function compare (): void {
  console.error('Measuring, for two to three minutes')
  const start = Date.now()
  const bytes = Number(inProcess('memory', TIME_LIMIT))
  const passes: Times[][] = []
  let longest = 0
  while (passes.length < PASSES && Date.now() - start + longest < TIME_LIMIT) {
    const passStart = Date.now()
    passes.push(SIZES.map(size => JSON.parse(inProcess(String(size), start + TIME_LIMIT - Date.now())) as Times))
    longest = Math.max(longest, Date.now() - passStart)
  }
  console.log(describe(passes.length))
  console.log(table(SIZES, passes))
  console.log(`\nMemoryKeyStore at ${LARGEST.toLocaleString('en')} keys: ${Math.round(bytes)} bytes a key`)
}

function inProcess (task: string, timeout: number): string {
  return execFileSync(process.execPath, [...process.execArgv, script, task], { encoding: 'utf8', timeout })
}
