import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './build.ts'

/** What several programs use is parsed once: it is most of the work. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/**
 * Compiles files of a folder, and returns what is wrong with them; with all that is strict on, in one process.
 *
 * @param args - names of files and flags, as `tsc` takes them
 */
export function compile (folder: string, ...args: readonly string[]): string[] {
  const flags = ['--strict', '--exactOptionalPropertyTypes', '--target', 'es2023', '--types', 'node']
  const { options, fileNames, errors } = ts.parseCommandLine([...flags, ...args])
  const host = ts.createCompilerHost(options)
  host.getCurrentDirectory = () => folder
  const { getSourceFile } = host
  host.getSourceFile = (name, how, ...others) => {
    if (!name.startsWith(ROOT)) return getSourceFile(name, how, ...others)
    const key = `${name} ${typeof how === 'object' ? how.impliedNodeFormat : how}`
    if (!parsed.has(key)) parsed.set(key, getSourceFile(name, how, ...others))
    return parsed.get(key)
  }
  const files = fileNames.map(name => join(folder, name))
  const program = ts.createProgram({ rootNames: files, options, host })
  const sources = files.map(name => program.getSourceFile(name))
  const found = sources.flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
  // One by one: to emit them all at once would check every declaration of every package.
  if (!options.noEmit) for (const file of sources) program.emit(file)
  return [...errors, ...program.getOptionsDiagnostics(), ...found].map(describe)
}

function describe ({ file, code, messageText }: ts.Diagnostic): string {
  const name = file?.fileName.split('/').at(-1) ?? 'options'
  return `${name}: TS${code}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}
