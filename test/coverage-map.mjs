import { readdirSync } from 'node:fs'

const lib = readdirSync('lib', { recursive: true }).filter(name => name.endsWith('.ts')).map(name => `lib/${name}`)

/** What counts as covered is the package: examples and the tests' own support are not. */
export default () => lib
