import type { Test } from 'tap'

/** Gives every object a property, as a polluted prototype does, for the length of a test. */
export function pollute (t: Test, name: string, value: unknown): void {
  const prototype = Object.getPrototypeOf({})
  prototype[name] = value
  t.teardown(() => { delete prototype[name] })
}
