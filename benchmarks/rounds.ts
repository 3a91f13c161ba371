import { Bench } from 'tinybench'

const ROUNDS = 16
const WARM_UP_ROUNDS = 4
const TASK_TIME = 30

/** How many times a sample does a thing: once is too short for the clock. */
export const BATCH = 100

/** One thing to measure. */
export interface Subject {
  readonly name: string
  /** Does it {@link BATCH} times. */
  readonly run: () => void | Promise<void>
}

/** Nanoseconds for doing a subject once, by its name. */
export type Times = Readonly<Record<string, number>>

/**
 * Measures subjects in turn, round after round, so that what disturbs one of them disturbs all.
 *
 * @param subjects - what to measure
 * @returns of each its fastest round, a round being the median of its samples
 */
export async function measure (subjects: readonly Subject[]): Promise<Times> {
  const bench = new Bench({ time: TASK_TIME, iterations: 1, warmup: false, throws: true })
  for (const { name, run } of subjects) bench.add(name, run)
  const rounds: number[][] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    // A task that has run does not run again without it.
    bench.reset()
    await bench.run()
    if (round >= 0) rounds.push(subjects.map(({ name }) => timeOf(name, bench)))
  }
  return Object.fromEntries(subjects.map(({ name }, index) => {
    return [name, Math.min(...rounds.map(times => times[index] as number))]
  }))
}

function timeOf (name: string, bench: Bench): number {
  const result = bench.getTask(name)?.result
  if (result?.state !== 'completed') throw new Error(`${name} was not measured`)
  return result.latency.p50 * 1e6 / BATCH
}
