/** What the command may read and write: the process's own, or a test's. */
export interface Streams {
  readonly stdin: AsyncIterable<Buffer | string> & { readonly isTTY?: boolean | undefined, destroy?: () => unknown }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Environment
  /** Is told the id of a new stored key before the key is printed. */
  readonly onNewKey?: (id: string) => void
}

export type Environment = Readonly<Record<string, string | undefined>>

/** A stream of text, perhaps a terminal. */
export interface Output {
  write (text: string): unknown
  readonly isTTY?: boolean | undefined
  /** How wide it is. */
  readonly columns?: number | undefined
  /** Whether it shows colours in an environment. */
  hasColors? (env: Environment): boolean
}

/** An option of a verb. */
export interface Option {
  readonly type: 'string' | 'boolean'
  /** What stands for its value in the help. */
  readonly value?: string
  readonly help: string
  /** Whether it stands for the first argument. */
  readonly replaces?: true
}

/** One use of a verb. */
export interface Call {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  /** The arguments that are no options: as many as the verb takes. */
  readonly operands: readonly string[]
  readonly streams: Streams
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A verb of the command. */
export interface Command {
  readonly summary: string
  readonly options: Readonly<Record<string, Option>>
  /** What its arguments are called, in brackets if they may be left out. */
  readonly operands: readonly string[]
  /** Resolves with the exit code, if it is not 0. */
  run (call: Call): Promise<number | void>
}
