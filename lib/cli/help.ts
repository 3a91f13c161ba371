import type { Command } from './call/types.ts'

/** Writes the help of the whole command. */
export function overview (commands: Readonly<Record<string, Command>>): string {
  const lines = Object.entries(commands).map(([verb, { operands, summary }]) => [[verb, ...operands].join(' '), summary] as const)
  return [
    'Usage: dbgpt-auth COMMAND [OPTIONS]', '', 'Manages the API keys of fastify-dbgpt-auth.', '', ...columns(lines), '',
    'Options of a command: dbgpt-auth help COMMAND', 'Version: dbgpt-auth --version', ''
  ].join('\n')
}

/** Writes the help of one verb. */
export function helpOf (verb: string, { summary, operands, options }: Command): string {
  const lines = Object.entries({ ...options, help: { value: undefined, help: 'show this' } }).map(([name, { value, help }]) =>
    [`--${name}${value === undefined ? '' : ` ${value}`}`, help] as const)
  return [
    `Usage: dbgpt-auth ${[verb, ...operands].join(' ')} [OPTIONS]`, '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`, '', ...columns(lines), ''
  ].join('\n')
}

function columns (lines: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...lines.map(([left]) => left.length))
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
