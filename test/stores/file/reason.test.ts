import t from 'tap'
import { reasonOf } from '../../../lib/stores/file/reason.ts'

t.test('the system\'s codes are said in words, and those that are not known as they are', async t => {
  const error = (code?: string): Error => Object.assign(new Error('the system\'s own text'), code === undefined ? {} : { code })
  for (const [code, read, write] of [
    ['ENOENT', 'there is no such file: is the path right, and is it mounted? (ENOENT)', 'there is no such folder (ENOENT)'],
    ['ELOOP', 'its symbolic links lead in a circle (ELOOP)', 'its symbolic links lead in a circle (ELOOP)'],
    ['EROFS', 'EROFS', 'the file system is read-only: change the file where it can be written (EROFS)'],
    ['E2BIG', 'E2BIG', 'E2BIG'], [undefined, 'the system\'s own text', 'the system\'s own text']
  ] as const) {
    t.equal(reasonOf(error(code), 'read'), read, `${code}`)
    t.equal(reasonOf(error(code), 'write'), write, `${code}`)
  }
})
