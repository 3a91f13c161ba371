/** What the command may read and write: the process's own, or a test's. */
export interface Streams {
  readonly stdin: AsyncIterable<Buffer | string> & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A stream of text, perhaps a terminal. */
export interface Output {
  write (text: string): unknown
  readonly isTTY?: boolean | undefined
  /** Whether it shows colours, `NO_COLOR` considered. */
  hasColors? (): boolean
}

/** An option of a verb. */
export interface Option {
  readonly type: 'string' | 'boolean'
  /** What stands for its value in the help. */
  readonly value?: string
  readonly help: string
}

/** One use of a verb. */
export interface Call {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  /** The one argument, of a verb that takes one. */
  readonly argument: string
  readonly streams: Streams
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A verb of the command. */
export interface Command {
  readonly summary: string
  readonly options: Readonly<Record<string, Option>>
  /** What its one argument is called; without it, it takes none. */
  readonly argument?: string
  run (call: Call): Promise<void>
}
