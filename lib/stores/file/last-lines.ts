import type { FileHandle } from 'node:fs/promises'

const CHUNK_BYTES = 65_536
/** Longer than any line of a history; what has no line ends must not fill the memory. */
const MOST_BYTES = 4_194_304
const LINE_END = 0x0a
/** Stands for the end of a line that is too long: no JSON has it. */
const CUT = Buffer.from('\0')

/**
 * Reads the lines of a file from its end on, without their ends; the rest of it is not read if the lines are enough.
 *
 * @param size - where the last line ends, in bytes
 * @param from - where the first line begins
 */
export async function * linesFromEnd (
  handle: Pick<FileHandle, 'read'>, size: number, from = 0, chunkBytes = CHUNK_BYTES
): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let bytes = 0
  for (let end = size; end > from;) {
    const start = Math.max(from, end - chunkBytes)
    let chunk = await read(handle, start, end - start)
    end = start
    for (let at = chunk.lastIndexOf(LINE_END); at !== -1; at = chunk.lastIndexOf(LINE_END)) {
      yield textOf(chunk.subarray(at + 1), parts)
      parts = []
      bytes = 0
      chunk = chunk.subarray(0, at)
    }
    bytes += chunk.length
    parts = bytes > MOST_BYTES ? [CUT] : [chunk, ...parts]
  }
  yield textOf(Buffer.alloc(0), parts)
}

/** Several parts are decoded as one: a character may be divided between two. */
function textOf (first: Buffer, others: readonly Buffer[]): string {
  return Buffer.concat([first, ...others]).toString()
}

/** Reads what there is of a part of a file: it may have been cut meanwhile. */
async function read (handle: Pick<FileHandle, 'read'>, start: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  let filled = 0
  for (let last = -1; last !== 0 && filled < length; filled += last) {
    last = (await handle.read(buffer, filled, length - filled, start + filled)).bytesRead
  }
  return buffer.subarray(0, filled)
}
