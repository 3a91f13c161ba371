#!/usr/bin/env node
import { main } from './main.ts'

const args = process.argv.slice(2)
const [verb = ''] = args
let newKey: string | undefined

process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A key that could not be written is lost, and no old one is to end for it.
  if (newKey !== undefined) {
    process.stderr.write(`dbgpt-auth: the output could not be written: revoke the key ${newKey}, which was to be in it\n`)
    process.exit(1)
  }
  // Who reads a list may have seen enough of it; a file of it would not be whole.
  if (code === 'EPIPE' && (['list', 'show', 'history', 'help'].includes(verb) || args.includes('--help') || args.includes('-h'))) process.exit()
  process.stderr.write(`dbgpt-auth: the output could not be written: ${code}\n`)
  process.exitCode = 1
})
// There is nobody left to tell.
process.stderr.on('error', () => {})

const { stdout, stderr, env } = process
// Standard input is not opened where it is not read.
const code = await main(args, {
  get stdin () { return process.stdin }, stdout, stderr, env, onNewKey: id => { newKey = id }
})
if (code !== 0) process.exitCode = code
