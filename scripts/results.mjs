import { inspect } from 'node:util'
import { Parser } from 'tap-parser'

const MOST_LINES = 2000

/** Reads what tap writes, says in one line how each file went, and keeps what is to be said at the end. */
export class Results {
  parser = new Parser()
  counts = { passed: 0, failed: 0, skipped: 0 }
  /** How many assertions failed in each file that has ended, where it did not end well. */
  #ended = new Map()
  /** Of the file that is being read: how many assertions have passed and failed, and what it has printed beside. */
  #file = { passed: 0, failed: 0, printed: [] }
  #failures = []
  #skips = []

  /**
   * @param print - takes a line
   * @param quiet - whether to say nothing of files that went well
   */
  constructor (print, quiet = false) {
    this.print = print
    this.quiet = quiet
    this.parser
      .on('assert', assert => this.#leave(assert))
      .on('pass', () => { this.counts.passed++; this.#file.passed++ })
      .on('fail', failure => this.#fail(failure))
      .on('skip', ({ fullname, skip }) => this.#skip(fullname, skip))
      .on('todo', ({ fullname }) => this.#skip(fullname, 'to be done'))
    this.#listen(this.parser)
  }

  /**
   * Says at the end what failed, and what was skipped.
   *
   * @param files - those that should have been run
   */
  summarize (files) {
    for (const failure of this.#failures) this.print(`\n${failure}`)
    for (const skip of this.#skips) this.print(skip)
    // What is left is the runner's own.
    for (const line of this.#file.printed) if (!line.startsWith('lcovonly report:')) this.print(line.trimEnd())
    // A file that was killed has maybe no assertion that failed.
    this.counts.failed += [...this.#ended.values()].filter(failed => failed === 0).length
    const lost = files.filter(file => !this.#ended.has(file))
    this.counts.failed += lost.length
    for (const file of lost) this.print(`FAILED: ${file} has not been run`)
  }

  #listen (parser) {
    parser.on('extra', line => this.#file.printed.push(line)).on('child', child => this.#listen(child))
  }

  #leave ({ ok, skip, name, time, diag }) {
    const { passed, failed, printed } = this.#file
    this.#ended.set(name, ok ? undefined : failed)
    this.#file = { passed: 0, failed: 0, printed: [] }
    const state = ok ? (skip ? 'skipped' : 'ok') : 'FAILED'
    const seconds = ((time ?? 0) / 1000).toFixed(1)
    if (!ok || !this.quiet) this.print(`${state.padEnd(7)} ${String(passed).padStart(6)} ${seconds.padStart(6)} s  ${name}`)
    const end = ok ? undefined : diag?.signal ?? diag?.exitCode
    if (end !== undefined && end !== 1) this.#failures.push(`FAILED: ${name} ended with ${end}`)
    if (!ok && printed.length > 0) this.#failures.push(`${name} printed:\n${printed.slice(-MOST_LINES).join('').trimEnd()}`)
  }

  #fail ({ fullname, diag }) {
    this.counts.failed++
    // That a file as a whole has failed is said after its end.
    if (this.#ended.has(fullname)) this.#ended.set(fullname, 1)
    else this.#file.failed++
    this.#failures.push([`FAILED: ${fullname}`, ...Object.entries(diag ?? {}).map(describe)].join('\n'))
  }

  #skip (fullname, reason) {
    this.counts.skipped++
    this.#skips.push(`skipped: ${fullname}: ${reason === true ? 'no reason given' : reason}`)
  }
}

/** Writes what is known of a failure: text over several lines as it stands, such as a difference or a stack. */
function describe ([name, value]) {
  const text = typeof value === 'string' ? value.trimEnd() : inspect(value, { breakLength: Infinity, depth: 5 })
  return `  ${name}: ${text.includes('\n') ? `\n${text.replace(/^/gm, '    ')}` : text}`
}
