#!/usr/bin/env node
import { main } from './main.ts'

// Who reads a list may have seen enough of it; a key that could not be written is lost.
process.stdout.on('error', () => {
  if (process.argv[2] === 'list') process.exit()
  process.stderr.write('dbgpt-auth: the output could not be written: revoke the key that was to be in it\n')
  process.exit(1)
})
process.exitCode = await main(process.argv.slice(2), process)
