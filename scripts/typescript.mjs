// Lets tests import TypeScript as it stands, types stripped and not checked. What was compiled is kept in
// build/transpiled, so that of many test files only the first loads the compiler, which takes a second:
//
//   node --import ./scripts/typescript.mjs test/keys/generate.test.ts
//
// With FASTIFY, a folder into which a Fastify is installed, that one takes the place of the repository's own.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { register } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const ROOT = join(import.meta.dirname, '..')
const CACHE = join(ROOT, 'build', 'transpiled')
/** What decides the output beside the source. */
const recipe = isMainThread ? '' : await readFile(import.meta.filename, 'utf8') + await versionOf('typescript')

// Node loads this file a second time, in the thread of the hooks.
if (isMainThread) register(import.meta.url)

export async function resolve (specifier, context, nextResolve) {
  const { FASTIFY } = process.env
  if (specifier !== 'fastify' || !FASTIFY) return await nextResolve(specifier, context)
  return await nextResolve(specifier, { ...context, parentURL: pathToFileURL(join(ROOT, FASTIFY, 'index.js')).href })
}

export async function load (url, context, nextLoad) {
  const file = url.startsWith('file:') ? fileURLToPath(url) : ''
  if (!file.endsWith('.ts') || file.includes('node_modules')) return await nextLoad(url, context)
  // Others count what is loaded.
  const { source } = await nextLoad(url, { ...context, format: 'module' })
  return { format: 'module', source: await transpile(file, String(source)), shortCircuit: true }
}

async function transpile (file, text) {
  const hash = createHash('sha256').update(recipe).update(text).digest('hex')
  const kept = join(CACHE, `${relative(ROOT, file)}.js`)
  const known = await readFile(kept, 'utf8').catch(() => '')
  if (known.startsWith(hash)) return known.slice(hash.length)

  const { default: ts } = await import('typescript')
  const { outputText, sourceMapText = '' } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, sourceMap: true
    }
  })
  const map = JSON.stringify({ ...JSON.parse(sourceMapText), sources: [file], sourcesContent: [text] })
  const code = outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, '') +
    `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}\n`
  await mkdir(dirname(kept), { recursive: true })
  // Others may write or read the same file now.
  const draft = `${kept}.${process.pid}`
  await writeFile(draft, hash + code)
  await rename(draft, kept)
  return code
}

async function versionOf (name) {
  return JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version
}
