/** How often a key was accepted, and when last, in milliseconds since the epoch. */
export interface Tally {
  count: number
  lastUsedAt: number
}

/** Tallies by the ids of keys. */
export type Tallies = ReadonlyMap<string, Readonly<Tally>>

/** Adds two tallies up. */
export function addTallies (a: Readonly<Tally> | undefined, b: Readonly<Tally> | undefined): Readonly<Tally> | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return { count: a.count + b.count, lastUsedAt: Math.max(a.lastUsedAt, b.lastUsedAt) }
}
