import { readdirSync } from 'node:fs'

const sources = ['lib', 'gateway/lib'].flatMap(folder => readdirSync(folder, { recursive: true })
  .filter(name => name.endsWith('.ts')).map(name => `${folder}/${name}`))

/** What counts as covered are the two packages: examples and the tests' own support are not. */
export default () => sources
