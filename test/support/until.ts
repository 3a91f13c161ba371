import { setTimeout as pause } from 'node:timers/promises'

/**
 * Resolves with how many milliseconds went by until something held; looks often, and gives up after some seconds,
 * many enough for a busy machine.
 */
export async function until (holds: () => boolean | Promise<boolean>, seconds = 30): Promise<number> {
  const begin = performance.now()
  while (!await holds()) {
    if (performance.now() - begin > seconds * 1000) throw new Error(`it did not hold after ${seconds} s: ${holds}`)
    await pause(5)
  }
  return performance.now() - begin
}
