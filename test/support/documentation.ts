import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { WRONG_KEY } from './app.ts'
import { built, ROOT } from './build.ts'
import { bareNode } from './process.ts'
import { type Snippet, sectionsOf } from './sections.ts'

export type { Snippet }

const run = promisify(execFile)

/** Reads a page of the documentation, such as `docs/errors.md`. */
export async function pageOf (file: string): Promise<string> {
  return await readFile(join(ROOT, file), 'utf8')
}

/** Returns the snippets of a page, in its order, all or those in a language. */
export async function snippetsOf (file: string, language?: string): Promise<Snippet[]> {
  const snippets = sectionsOf(await pageOf(file)).flatMap(({ snippets }) => snippets)
  return snippets.filter(snippet => language === undefined || snippet.language === language)
}

/** Returns the first cells of the rows of a table, which is the one under a heading. */
export async function rowsUnder (file: string, heading: string): Promise<string[]> {
  const [, section = ''] = (await pageOf(file)).split(`\n## ${heading}\n`)
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\| (?!there |\| |---)(.*?) \|/gm)].map(([, cell = '']) => cell)
}

/** Returns what finds the one snippet of a page under a heading, in a language. */
export async function pickerOf (file: string): Promise<(heading: string, language?: string) => Snippet> {
  const snippets = await snippetsOf(file)
  return (heading, language = 'js') => {
    const found = snippets.filter(snippet => snippet.heading === heading && snippet.language === language)
    if (found.length !== 1) throw new Error(`${file} has ${found.length} of ${language} under "${heading}"`)
    return found[0] as Snippet
  }
}

/** Makes a folder in which the package is found by its name, as it is by those who have installed it. */
export async function makePackageFolder (t: Test): Promise<string> {
  built('dist/index.js')
  const build = join(ROOT, 'build')
  await mkdir(build, { recursive: true })
  const folder = await mkdtemp(join(build, 'snippet-'))
  t.teardown(async () => await rm(folder, { recursive: true }))
  return folder
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

interface Surroundings {
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a file with Node, with nothing of this process's environment, and returns what it printed. */
export async function runNode (file: string, { cwd, env = {} }: Surroundings = {}): Promise<string> {
  return (await run(...bareNode([file], env), { cwd })).stdout
}

/**
 * Runs lines of a shell. Programs run by this Node; nothing is installed, and what is asked of `npx` is the command of
 * the build. A failure is told by its output.
 */
export async function runShell (lines: string, { cwd, env = {} }: Surroundings = {}): Promise<Output> {
  const tools = `npm () { :; }\nnpx () { shift; '${process.execPath}' '${built('dist/cli/bin.js')}' "$@"; }\n`
  const variables = Object.entries({ PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...env })
  // By way of env, which keeps what tap adds to an environment from them.
  const shell = ['-i', ...variables.map(([name, value]) => `${name}=${value}`), 'bash', '-c', tools + lines]
  return await run('env', shell, { cwd }).catch(error => error)
}

/** How a documented server is asked. */
interface Probe extends Surroundings {
  readonly key: string
  /** More code, after the server's. */
  readonly more?: string
}

/** Runs the program of a server, and returns what it answers to a key, and to one that it cannot know. */
export async function askProgram (code: string, cwd: string, { key, more = '', env }: Probe): Promise<[number, number]> {
  const ask = 'async key => (await app.inject({ url: \'/\', headers: { authorization: \'Bearer \' + key } })).statusCode'
  const end = `const ask = ${ask}\n${more}\nconsole.log(JSON.stringify(['answers', await ask('${key}'), await ask('${WRONG_KEY}')]))`
  const file = join(cwd, 'server.mjs')
  await writeFile(file, `${code.replace('port: 3000', 'port: 0')}\n${end}\nawait app.close()\n`)
  const stdout = await runNode(file, { cwd, ...env && { env } })
  const [, known, unknown] = /\["answers",(\d+),(\d+)\]/.exec(stdout) ?? []
  return [Number(known), Number(unknown)]
}
