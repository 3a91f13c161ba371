#!/usr/bin/env node
import { createRequire } from 'node:module'
import { HELP } from './help.ts'

const [argument, ...more] = process.argv.slice(2)
if (argument === undefined) {
  // What is only asked for its version needs no server.
  const { run } = await import('./run.ts')
  await run()
} else if (more.length === 0 && ['--help', '-h', 'help'].includes(argument)) {
  process.stdout.write(HELP)
} else if (more.length === 0 && ['--version', '-v'].includes(argument)) {
  process.stdout.write(`${(createRequire(import.meta.url)('../package.json') as { version: string }).version}\n`)
} else {
  process.stderr.write('dbgpt-gateway: it takes --help and --version alone; its settings are variables, such as PORT=8080 dbgpt-gateway\n')
  process.exitCode = 2
}
