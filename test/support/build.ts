import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/** The path of a file that `npm run build:all` makes, such as `dist/index.js`. */
export function built (path: string): string {
  const file = join(ROOT, path)
  if (!existsSync(file)) throw new Error(`there is no ${path} yet: run "npm run build:all"`)
  return file
}
