import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { copyFolder, type Machine, SEARCH_PATH } from './machine.ts'

export interface Instruction {
  readonly name: string
  readonly rest: string
}

/** What has become of a stage so far: its files, and what it says of how they are run. */
export interface Stage {
  readonly machine: Machine
  readonly env: Record<string, string>
  /** What is known while it is built. */
  readonly args: Record<string, string>
  readonly base: string
  cwd: string
  user?: string | undefined
  command: readonly string[]
  health: readonly string[]
}

export interface Context {
  /** The folder of the Dockerfile. */
  readonly folder: string
  readonly args: Readonly<Record<string, string>>
  /** Makes what stands for the image that a stage begins with. */
  readonly makeMachine: () => Promise<Machine>
}

/** Reads the instructions of a Dockerfile, a line each, or several where a backslash ends them. */
export function parseDockerfile (text: string): Instruction[] {
  const lines = text.split('\n').filter(line => !/^\s*#/.test(line)).join('\n').replaceAll(/\\\n\s*/g, '').split('\n')
  return lines.filter(line => line.trim() !== '').map(line => {
    const [, name, rest] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (name === undefined || rest === undefined) throw new Error(`no instruction: ${line}`)
    return { name, rest }
  })
}

/** Does what an engine does to build an image, and returns its last stage. */
export async function build (text: string, context: Context): Promise<Stage> {
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const { name, rest } of parseDockerfile(text)) {
    if (name === 'FROM') {
      const [, base = '', as = String(stages.size)] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? []
      stage = { machine: await context.makeMachine(), base, env: { PATH: SEARCH_PATH }, args: {}, cwd: '/', command: [], health: [] }
      stages.set(as, stage)
      continue
    }
    const step = STEPS[name]
    if (step === undefined || stage === undefined) throw new Error(`${name} is not known here`)
    await step(stage, rest, context, stages)
  }
  return stage as Stage
}

type Step = (stage: Stage, rest: string, context: Context, stages: ReadonlyMap<string, Stage>) => Promise<void> | void

const STEPS: Readonly<Record<string, Step>> = {
  WORKDIR: async (stage, rest) => {
    stage.cwd = rest
    await mkdir(stage.machine.path(rest), { recursive: true })
  },
  ARG: (stage, rest, { args }) => {
    const [name = '', value = ''] = rest.split('=')
    stage.args[name] = args[name] ?? value
  },
  ENV: (stage, rest) => {
    const pairs = [...rest.matchAll(/(\w+)=(\S+)/g)]
    const expand = (value = ''): string => value.replaceAll(/\$(\w+)/g, (_, name) => stage.env[name] ?? '')
    Object.assign(stage.env, Object.fromEntries(pairs.map(([, name, value]) => [name, expand(value)])))
  },
  USER: (stage, rest) => { stage.user = rest },
  RUN: async ({ machine, user, cwd, args, env }, rest) => {
    const { code, stdout, stderr } = await machine.run(['sh', '-c', rest], { user, cwd, env: { ...args, ...env } })
    if (code !== 0) throw new Error(`${rest}\n${stdout}${stderr}`)
  },
  COPY: async (stage, rest, { folder }, stages) => {
    const [, from, files = ''] = /^(?:--from=(\S+) )?(.+)$/.exec(rest) ?? []
    const sources = files.split(' ')
    const target = stage.machine.path(join(stage.cwd, sources.pop() ?? ''))
    if (from === undefined) return await copyMatches(folder, sources, target)
    const [source = ''] = sources
    if (sources.length > 1 || join(stage.cwd, files.split(' ')[1] ?? '') !== `${source}/`) throw new Error(`not known here: COPY ${rest}`)
    await copyFolder(source, (stages.get(from) as Stage).machine, stage.machine)
  },
  CMD: (stage, rest) => { stage.command = JSON.parse(rest) },
  HEALTHCHECK: (stage, rest) => { stage.health = JSON.parse(rest.replace(/^(--[a-z-]+=\S+ )*CMD /, '')) },
  EXPOSE: (_stage, rest) => { if (!/^\d+$/.test(rest)) throw new Error(`no port: ${rest}`) }
}

/** Copies the files that match one of several patterns, as some must. */
async function copyMatches (folder: string, patterns: readonly string[], target: string): Promise<void> {
  const names = await readdir(folder)
  const found = patterns.flatMap(pattern => {
    const [head = '', tail] = pattern.split('*')
    return names.filter(name => tail === undefined ? name === head : name.startsWith(head) && name.endsWith(tail))
  })
  if (found.length === 0) throw new Error(`nothing matches ${patterns.join(' ')}`)
  for (const name of found) await cp(join(folder, name), join(target, name))
}
