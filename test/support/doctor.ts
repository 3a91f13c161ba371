import type { Test } from 'tap'
import type { Finding } from '../../lib/doctor/finding.ts'
import { MARKER } from './app.ts'
import { runCommand } from './cli.ts'
import { workElsewhere } from './work-elsewhere.ts'

/** A set-up: what is done to make it, in a folder that is the working directory, and the environment. */
export interface Setup {
  readonly name: string
  readonly env?: Record<string, string>
  /** What `.env` holds. */
  readonly dotenv?: string | Buffer
  /** Makes files, and returns more of the environment. */
  readonly make?: (folder: string) => Promise<Record<string, string> | void>
  /** The code of the first finding; undefined, there is none. */
  readonly first?: string
  /** What its message says. */
  readonly says?: RegExp
}

interface Report {
  readonly healthy: boolean
  readonly findings: readonly Finding[]
}

/**
 * Makes a set-up and has the doctor look at it, in both languages and as JSON; none of that may show a key.
 */
export async function assertFirst (t: Test, setup: Setup): Promise<void> {
  const { name, dotenv, first, says = /./, make, env: given = {} } = setup
  const folder = await workElsewhere(t, dotenv)
  const env = { ...given, ...await make?.(folder) }
  const json = await runCommand(['doctor', '--json'], { env })
  const english = await runCommand(['doctor', '--lang', 'en'], { env })
  const chinese = await runCommand(['doctor'], { env: { ...env, LANG: 'zh_CN.UTF-8' } })
  const { healthy, findings } = JSON.parse(json.stdout) as Report
  t.equal(findings[0]?.code, first, `${name}: ${findings.map(({ code, message }) => `${code} ${message}`).join('; ')}`)
  t.equal(healthy, first === undefined, name)
  for (const { code } of [json, english, chinese]) t.equal(code, first === undefined ? 0 : 1, name)
  if (first !== undefined) {
    t.match(findings[0], { message: says, fix: /\S/ }, name)
    // Not its message: a Redis that cannot be used may say so otherwise the next time.
    for (const { code, severity, fix } of findings) {
      for (const line of [`${severity} ${code}: `, `  fix: ${fix}\n`]) t.ok(english.stdout.includes(`\n${line}`), `${name}: ${code}`)
    }
    t.match(chinese.stdout, new RegExp(`(错误|警告) ${first}: .*\\p{Script=Han}.*\n  处理：`, 'u'), name)
  }
  for (const { stdout, stderr } of [json, english, chinese]) {
    t.notMatch(stdout + stderr, new RegExp(MARKER), name)
    t.notMatch(stdout, /\{\w+\}/, name)
    t.equal(stderr, '', name)
  }
}
