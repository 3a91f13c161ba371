import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import fc from 'fast-check'
import { linesFromEnd } from '../../../lib/stores/file/last-lines.ts'
import { makeTemporaryFolder } from '../../support/files.ts'

type Reading = Parameters<typeof linesFromEnd>[0]

/** Something that is read like a file, some bytes at a time. */
function fileOf (bytes: Buffer, most = Infinity): Reading {
  return {
    async read (buffer: Buffer, offset: number, length: number, position: number) {
      const part = bytes.subarray(position, position + Math.min(length, most))
      return { bytesRead: part.copy(buffer, offset), buffer }
    }
  } as unknown as Reading
}

interface Way { readonly from?: number, readonly chunk?: number, readonly most?: number }

async function linesOf (text: string, { from, chunk, most }: Way = {}): Promise<string[]> {
  const bytes = Buffer.from(text)
  const lines: string[] = []
  for await (const line of linesFromEnd(fileOf(bytes, most), bytes.length, from, chunk)) lines.unshift(line)
  return lines
}

t.test('the lines of a text are found, whatever is in them and however it is read', async () => {
  const piece = fc.constantFrom('\n', '\r\n', '', 'a', '{"a":1}', '计', '\u{1f600}', ' ')
  const text = fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join(''))
  const few = fc.integer({ min: 1, max: 9 })
  await fc.assert(fc.asyncProperty(text, few, few, async (text, chunk, most) => {
    const lines = await linesOf(text, { chunk, most })
    return lines.join('\n') === text && lines.length === text.split('\n').length
  }))
})

t.test('what stands before a position is not read', async t => {
  t.same(await linesOf('one\ntwo\nthree\n', { from: 4 }), ['two', 'three', ''])
  t.same(await linesOf('one\ntwo\n', { from: 8 }), [''])
})

t.test('a file is read from its end on, and no further than is asked for', async t => {
  const file = join(await makeTemporaryFolder(t), 'lines')
  await writeFile(file, `${'x'.repeat(99)}\n`.repeat(10_000))
  const handle = await open(file)
  t.teardown(async () => await handle.close())
  let read = 0
  const counting = {
    async read (...args: Parameters<typeof handle.read>) {
      const result = await handle.read(...args)
      read += result.bytesRead
      return result
    }
  } as unknown as Reading
  const lines: string[] = []
  for await (const line of linesFromEnd(counting, 1_000_000)) {
    if (lines.push(line) === 100) break
  }
  t.same(new Set(lines), new Set(['', 'x'.repeat(99)]))
  t.equal(read, 65_536)
})

t.test('a line that is too long does not fill the memory, and its neighbours are read', async t => {
  const [before, ...after] = (await linesOf(`one\n${'x'.repeat(5_000_000)}\ntwo`)).toReversed()
  t.equal(before, 'two')
  t.equal(after[1], 'one')
  t.ok((after[0]?.length ?? Infinity) < 1_000_000)
  t.match(after[0], /\0$/, 'it is no JSON')
})

t.test('a file that was cut meanwhile has the lines that are left', async t => {
  const lines: string[] = []
  for await (const line of linesFromEnd(fileOf(Buffer.from('one\ntwo\n')), 1000)) lines.unshift(line)
  t.same(lines, ['one', 'two', ''])
})
