import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { makeTemporaryFolder } from '../../../test/support/files.ts'
import { until } from '../../../test/support/until.ts'

const run = promisify(execFile)

/** What of the environment decides how npm reaches its registry. */
const PASSED = /^(npm_config_(registry|cache|userconfig)|https?_proxy|no_proxy)$/i
/** Where programs are looked for: those of this Node first, which may be elsewhere. */
export const SEARCH_PATH = `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`
/** Mounts a file system over a folder that has all that this machine has, and keeps what is written to it to itself. */
const OVERLAY = `
mount -t tmpfs tmpfs "$1" && mkdir "$1"/upper "$1"/work "$1"/root
mount -t overlay overlay -o lowerdir=/,upperdir="$1"/upper,workdir="$1"/work "$1"/root`

/** Why what needs a machine is skipped here; false, it is not. */
export const skip: string | false = whyNot()

function whyNot (): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'mounting needs unshare, and users of its own root'
  const { error } = spawnSync('systemd-nspawn', ['--version'])
  if (error !== undefined) return 'there is no systemd-nspawn on this machine: apt-get install systemd-container'
  const { status, stderr } = spawnSync('unshare', ['--mount', 'bash', '-euc', `set -- /mnt\n${OVERLAY}`], { encoding: 'utf8' })
  return status === 0 ? false : `mounting needs unshare, and leave to use it: ${stderr}`
}

export interface RunOptions {
  readonly user?: string | undefined
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** More options of systemd-nspawn. */
  readonly flags?: readonly string[] | undefined
}

/**
 * A machine whose files are this one's, whose changes nobody else sees, and which ends with its test. It shares the
 * network.
 */
export class Machine {
  readonly #folder: string
  readonly #holder: ChildProcess

  private constructor (folder: string, holder: ChildProcess) {
    this.#folder = folder
    this.#holder = holder
  }

  static async make (t: Test): Promise<Machine> {
    const folder = await makeTemporaryFolder(t)
    // It ends with this process, whose end it reads.
    const holder = spawn('unshare', ['--mount', 'bash', '-euc', `${OVERLAY}\necho made\nexec cat`, 'bash', folder], {
      stdio: ['pipe', 'pipe', 'inherit']
    })
    t.teardown(async () => {
      holder.kill('SIGKILL')
      await once(holder, 'close')
    })
    const [made] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => [])])
    if (made === undefined) throw new Error('a machine cannot be made')
    return new Machine(folder, holder)
  }

  /** Where this process finds a file of the machine. */
  path (file: string): string {
    return join(`/proc/${this.#holder.pid}/root`, this.#folder, 'root', file)
  }

  /** Runs a command to its end, and returns how that ended; without a user, as root. */
  async run (command: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await ended(...this.#nspawn(['--as-pid2', '--pipe'], command, options))
  }

  /** Starts a command as the first process, or the system if there is none. */
  async start (t: Test, command: readonly string[] = [], options: RunOptions = {}): Promise<Started> {
    const isSystem = command.length === 0
    const [program, args] = this.#nspawn([...isSystem ? ['--boot'] : [], '--console=pipe'], command, options)
    const env = isSystem ? { PATH: process.env.PATH } : ENV
    const started = new Started(spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
    t.teardown(async () => await started.end())
    await started.find()
    return started
  }

  /** Copies a folder of the machine, owner and all, and returns the option by which that is mounted in its place. */
  async volume (folder: string): Promise<string> {
    const copy = join(this.#folder, 'volume')
    const inside = ['nsenter', `--target=${this.#holder.pid}`, '--mount']
    await run('env', [...inside, 'cp', '--archive', join(this.#folder, 'root', folder), copy])
    return `--bind=${copy}:${folder}`
  }

  #nspawn (how: readonly string[], command: readonly string[], options: RunOptions): [string, string[]] {
    const { user, cwd, env = {}, flags = [] } = options
    const variables = Object.entries({ ...passed(), ...env }).map(([name, value]) => `--setenv=${name}=${value}`)
    return ['nsenter', [
      `--target=${this.#holder.pid}`, '--mount', 'systemd-nspawn', '--quiet', `--directory=${join(this.#folder, 'root')}`,
      `--machine=test-${this.#holder.pid}`, '--register=no', '--keep-unit', '--link-journal=no', '--timezone=off', ...how,
      ...user === undefined ? [] : [`--user=${user}`], ...cwd === undefined ? [] : [`--chdir=${cwd}`],
      ...variables, ...flags, '--', ...command
    ]]
  }
}

interface Output {
  readonly stdout: string
  readonly stderr: string
}

export interface Ended extends Output {
  readonly code: number
}

async function ended (program: string, args: readonly string[]): Promise<Ended> {
  const { code = 0, stdout, stderr } = await run(program, args, { env: ENV })
    .catch((error: Ended) => error) as Output & { readonly code?: number }
  return { code, stdout, stderr }
}

/** Copies a folder of a machine to another, which does not have it yet. */
export async function copyFolder (folder: string, from: Machine, to: Machine): Promise<void> {
  await run('cp', ['--archive', '--no-target-directory', from.path(folder), to.path(folder)])
}

/** As in a container: only what is mounted may be written to. */
const ENV = { PATH: process.env.PATH, SYSTEMD_NSPAWN_TMPFS_TMP: '0' }

function passed (): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => PASSED.test(name)) as [string, string][]
  return { PATH: SEARCH_PATH, ...Object.fromEntries(own) }
}

/** What runs on a machine until it is ended. */
export class Started {
  readonly output = { stdout: '', stderr: '' }
  readonly exit: Promise<number | null>
  readonly #child: ChildProcess
  #leader = 0

  constructor (child: ChildProcess) {
    this.#child = child
    this.exit = once(child, 'exit').then(([code]) => code as number | null)
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', text => { this.output[name] += text })
    }
  }

  /** Waits until the first process is there. */
  async find (): Promise<void> {
    const { pid } = this.#child
    await until(async () => {
      if (this.#child.exitCode !== null) throw new Error(`it has ended: ${this.output.stdout}${this.output.stderr}`)
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
      this.#leader = Number(children.split(' ')[0])
      // What nspawn starts first prepares the machine and ends.
      return /^(?!.*nspawn)./.test(await readFile(`/proc/${this.#leader}/comm`, 'utf8').catch(() => ''))
    })
  }

  /** Runs a command beside it, and returns how that ended. */
  async run (command: readonly string[], { env = {}, user }: RunOptions = {}): Promise<Ended> {
    const variables = Object.entries({ ...passed(), ...env }).map(([name, value]) => `${name}=${value}`)
    const by = user === undefined ? [] : ['runuser', '-u', user, '--']
    return await ended('nsenter', [`--target=${this.#leader}`, '--all', 'env', '-i', ...variables, ...by, ...command])
  }

  /** Sends its first process a signal. */
  kill (signal: NodeJS.Signals): void {
    process.kill(this.#leader, signal)
  }

  async end (): Promise<void> {
    if (this.#child.exitCode === null && this.#leader > 0) this.kill('SIGKILL')
    await this.exit
  }
}
