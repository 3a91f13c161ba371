import { setImmediate as breathe } from 'node:timers/promises'

/** How long one turn may keep other work waiting, in milliseconds, and after how many steps it looks at the clock. */
const TURN_MS = 5
const STEPS_A_LOOK = 32

/** Divides long work into turns, so that other work can run in between. */
export class Turns {
  #since = performance.now()
  #steps = 0

  /** Counts a step, and tells whether the turn is over. */
  step (): boolean {
    return ++this.#steps % STEPS_A_LOOK === 0 && performance.now() - this.#since >= TURN_MS
  }

  /** Lets other work run, and begins the next turn. */
  async pause (): Promise<void> {
    await breathe()
    this.#since = performance.now()
  }
}
