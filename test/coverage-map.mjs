import { readdirSync } from 'node:fs'

const sources = ['lib', 'gateway/lib'].flatMap(folder => readdirSync(folder, { recursive: true })
  .filter(name => name.endsWith('.ts')).map(name => `${folder}/${name}`))
/** What runs other processes and packages. To count what is covered makes it up to twice as slow. */
const UNCOUNTED = /^test\/system\/|^gateway\/test\/(deploy\/|package|documentation|.*browser)/

/** What counts as covered are the two packages: examples and the tests' own support are not. */
export default test => UNCOUNTED.test(test.replaceAll('\\', '/')) ? null : sources
