const HOUR_MS = 3_600_000
/** How long a session lives without being used, and at most. */
export const IDLE_MS = 12 * HOUR_MS
export const LIFE_MS = 7 * 24 * HOUR_MS

/** What is kept of a session. */
export interface SavedSession {
  /** The digest of the key that was given at the login, never the key. */
  readonly digest: string
  /** When that was, milliseconds since the epoch. */
  readonly since: number
  /** When it was last used, as far as was saved. */
  readonly usedAt: number
}

/** Where sessions are. Each promise is rejected where it is not known whether what was asked for is done. */
export interface SessionStore {
  open? (): Promise<void>
  close? (): void
  get (id: string): Promise<SavedSession | undefined>
  add (id: string, session: SavedSession): Promise<void>
  /** Saves a session that is still there: one that has ended does not come back. */
  update (id: string, session: SavedSession): Promise<void>
  remove (id: string): Promise<void>
  /** Drops sessions that are over, where that does not go by itself. */
  sweep? (): void
}

/** Returns how long a session still lives if it is not used, in milliseconds; 0 or less, it is over. */
export function restOf ({ since, usedAt }: SavedSession): number {
  return Math.min(usedAt + IDLE_MS, since + LIFE_MS) - Date.now()
}
