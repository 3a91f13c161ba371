import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { bearer } from './app.ts'
import { type Answer, ask, type Question } from './ask.ts'
import type { Snippet } from './documentation.ts'
import { installPackages } from './package.ts'
import { Program } from './process.ts'
import { compile } from './typescript.ts'

/** The port that the documentation names may be taken. */
const launcher = (program: string): string => `
import { Server } from 'node:net'
const { listen } = Server.prototype
Server.prototype.listen = function (options, ...others) {
  if (options.port !== 3000) return listen.call(this, options, ...others)
  this.once('listening', () => console.log('listens on ' + this.address().port))
  return listen.call(this, { ...options, port: 0 }, ...others)
}
await import('./${program}')
`

/** Asks a path of the program that runs. */
export interface Ask extends Pick<Program, 'says'> {
  (path: string, question?: Question): Promise<Answer>
  /** Asks with a key or without, and returns status and text. */
  readonly say: (path: string, key?: string) => Promise<string>
  /** Where it is, without a slash at the end. */
  readonly url: string
}

/** A program, and what stands beside it. */
export interface Recipe extends Omit<Snippet, 'heading'> {
  /** Texts of files, by their paths. */
  readonly files?: Readonly<Record<string, string>> | undefined
  /** Another Node than the one that runs the tests. */
  readonly node?: string | undefined
}

/** The ending of a program's file, and of what it is compiled to, by the language of its snippet. */
const ENDINGS: Readonly<Record<string, readonly [source: string, program: string]>> = {
  js: ['mjs', 'mjs'], cjs: ['cjs', 'cjs'], ts: ['mts', 'mjs'], cts: ['cts', 'cjs']
}

/** Runs a program of the documentation as it stands, with the packages that its first line names and no others. */
export async function startRecipe (
  t: Test, { code, language, files = {}, node }: Recipe, env: Readonly<Record<string, string>>
): Promise<Ask> {
  const [, names] = /^\/\/ npm install (.*)\n/.exec(code) ?? []
  const [source, ending] = ENDINGS[language] ?? []
  if (names === undefined || source === undefined) throw new Error('a recipe says in its first line what to install')
  const cwd = await installPackages(t, [...names.split(' '), '@types/node'])
  const texts = { ...files, 'launch.mjs': launcher(`server.${ending}`), [`server.${source}`]: code }
  for (const [file, text] of Object.entries(texts)) {
    await mkdir(dirname(join(cwd, file)), { recursive: true })
    await writeFile(join(cwd, file), text)
  }
  if (source !== ending) {
    assert.deepEqual(compile(cwd, `server.${source}`, '--module', 'nodenext', '--experimentalDecorators'), [])
  }
  const program = new Program(t, join(cwd, 'launch.mjs'), { cwd, env, node })
  const url = `http://localhost:${await program.says(/^listens on (\d+)$/m)}`
  const askPath = async (path: string, question?: Question): Promise<Answer> => await ask(url + path, question)
  const say = async (path: string, key?: string): Promise<string> => {
    const { status, body } = await askPath(path, { headers: key === undefined ? {} : bearer(key) })
    return `${status} ${body}`
  }
  return Object.assign(askPath, { says: program.says.bind(program), say, url })
}
