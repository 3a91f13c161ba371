import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
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

/** Asks a path of the program that runs; and waits for what it prints, as {@link Program.says} does. */
export type Ask = ((path: string, question?: Question) => Promise<Answer>) & Pick<Program, 'says'>

/** The ending of a program's file, and of what it is compiled to, by the language of its snippet. */
const ENDINGS: Readonly<Record<string, readonly [source: string, program: string]>> = {
  js: ['mjs', 'mjs'], cjs: ['cjs', 'cjs'], ts: ['mts', 'mjs'], cts: ['cts', 'cjs']
}

/** Runs a program of the documentation as it stands, with the packages that its first line names and no others. */
export async function startRecipe (t: Test, { code, language }: Omit<Snippet, 'heading'>, env: Record<string, string>): Promise<Ask> {
  const [, names] = /^\/\/ npm install (.*)\n/.exec(code) ?? []
  const [source, ending] = ENDINGS[language] ?? []
  if (names === undefined || source === undefined) throw new Error('a recipe says in its first line what to install')
  const cwd = await installPackages(t, [...names.split(' '), '@types/node'])
  await writeFile(join(cwd, 'launch.mjs'), launcher(`server.${ending}`))
  await writeFile(join(cwd, `server.${source}`), code)
  if (source !== ending) {
    assert.deepEqual(compile(cwd, `server.${source}`, '--module', 'nodenext', '--experimentalDecorators'), [])
  }
  const program = new Program(t, join(cwd, 'launch.mjs'), { cwd, env })
  const port = await program.says(/^listens on (\d+)$/m)
  const askPath = async (path: string, question?: Question) => await ask(`http://localhost:${port}${path}`, question)
  return Object.assign(askPath, { says: program.says.bind(program) })
}
