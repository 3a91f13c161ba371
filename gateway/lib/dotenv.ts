import { readFileSync, statSync } from 'node:fs'
import { parseEnv } from 'node:util'

// Node 22 and 24 take the next line for the value of a variable that has blanks alone.
const BLANK_VALUE = /^([ \t]*(?:export[ \t]+)?[\w.-]+[ \t]*=)[ \t]+$/gm

/**
 * Reads the file `.env` in the working directory, if there is one, as the plugin does for its own variables: each of
 * the two would serve with something else than was written where it read another way.
 *
 * @param names - the variables that somebody will ask for
 * @throws an error that names the line which means to set one of them and does not, or says why there is no reading it
 */
export function readDotenv (names: readonly string[]): Readonly<Record<string, string | undefined>> {
  // A folder, which Docker makes of a mount that is not there, is no file; nor is a pipe, which would hang.
  if (statSync('.env', { throwIfNoEntry: false })?.isFile() !== true) return {}
  const text = readFileSync('.env', 'utf8').replace(/\r\n?/g, '\n').replace(/^\ufeff+/gm, '').replace(BLANK_VALUE, '$1')
  const variables = parseEnv(text)
  // As YAML has it; or behind a line without `=`, as a part of which Node takes the next one.
  const setting = new RegExp(`^\\s*(?:export\\s+)?["']?(${names.join('|')})["']?\\s*[:=]`)
  for (const [index, line] of text.split('\n').entries()) {
    const [, name] = setting.exec(line) ?? []
    if (name !== undefined && !Object.hasOwn(variables, name)) {
      throw new Error(`line ${index + 1} of .env does not set ${name}: write ${name}=… on a line of its own`)
    }
  }
  return variables
}
