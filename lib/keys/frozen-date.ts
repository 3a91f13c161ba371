/** A date that nobody can set. Object.freeze leaves a Date's setters working, which would let a handler prolong a key. */
export class FrozenDate extends Date {
  constructor (date: Date) {
    super(date)
    Object.freeze(this)
  }
}

const setter = { value: () => { throw new TypeError('Cannot change a date of an API key: use the key store') } }
for (const name of Object.getOwnPropertyNames(Date.prototype).filter(name => name.startsWith('set'))) {
  Object.defineProperty(FrozenDate.prototype, name, setter)
}
