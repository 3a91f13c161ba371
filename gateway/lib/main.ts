import { createRequire } from 'node:module'
import { HELP } from './help.ts'

/** What the command has of a process. */
export interface Surroundings {
  readonly stdout: { write (text: string): unknown }
  readonly stderr: { write (text: string): unknown }
  exitCode?: number | string | null | undefined
}

/**
 * Runs the command dbgpt-gateway.
 *
 * @param args - its arguments: none to run the gateway
 * @param surroundings - where it says what, and its exit code: 2, the arguments are wrong
 */
export async function main (args: readonly string[], surroundings: Surroundings): Promise<void> {
  const [argument, ...more] = args
  if (argument === undefined) {
    // What is only asked for its version needs no server.
    const { run } = await import('./run.ts')
    await run()
  } else if (more.length === 0 && ['--help', '-h', 'help'].includes(argument)) {
    surroundings.stdout.write(HELP)
  } else if (more.length === 0 && ['--version', '-v'].includes(argument)) {
    surroundings.stdout.write(`${(createRequire(import.meta.url)('../package.json') as { version: string }).version}\n`)
  } else {
    surroundings.stderr.write('dbgpt-gateway: it takes --help and --version alone; its settings are variables, such as PORT=8080 dbgpt-gateway\n')
    surroundings.exitCode = 2
  }
}
