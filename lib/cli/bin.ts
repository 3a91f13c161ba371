#!/usr/bin/env node
import { main } from './main.ts'

const [verb = ''] = process.argv.slice(2)

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A key that could not be written is lost, and no old one is to end for it.
  if (['create', 'rotate'].includes(verb)) {
    process.stderr.write('dbgpt-auth: the output could not be written: revoke the key that was to be in it\n')
    process.exit(1)
  }
  // Who reads a list may have seen enough of it; a file of it would not be whole.
  if (code === 'EPIPE' && ['list', 'show', 'help', '--help', '-h'].includes(verb)) process.exit()
  process.stderr.write(`dbgpt-auth: the output could not be written: ${code}\n`)
  process.exitCode = 1
})
// There is nobody left to tell.
process.stderr.on('error', () => {})

const code = await main(process.argv.slice(2), process)
if (code !== 0) process.exitCode = code
