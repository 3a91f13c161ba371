import { execFileSync } from 'node:child_process'
import { chownSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { Daemon } from './daemon.ts'
import { makeTemporaryFolder } from './files.ts'

const PLACE = '/usr/lib/postgresql'
const bin = existsSync(PLACE) ? join(PLACE, readdirSync(PLACE).sort().at(-1) as string, 'bin') : undefined

/** Why the tests that need a PostgreSQL are skipped here; false, they are not. */
export const skip: string | false = bin === undefined ? 'there is no PostgreSQL on this machine: apt-get install postgresql' : false

/** It does not run as root. */
const NOBODY = 65534
const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

/** A PostgreSQL of a test's own, on a socket in a folder of its own, which ends with the test. */
export class PostgresServer {
  /** What a client is told of it, by its environment. */
  readonly env: { readonly PGHOST: string, readonly PGUSER: string, readonly PGDATABASE: string }
  #daemon: Daemon | undefined

  private constructor (folder: string) {
    this.env = { PGHOST: folder, PGUSER: 'owner', PGDATABASE: 'postgres' }
  }

  static async start (t: Test): Promise<PostgresServer> {
    const folder = await makeTemporaryFolder(t)
    if ('uid' in user) chownSync(folder, NOBODY, NOBODY)
    execFileSync(join(bin as string, 'initdb'), ['-D', join(folder, 'data'), '-U', 'owner', '-A', 'trust', '-N'], { ...user, cwd: folder, stdio: 'pipe' })
    const server = new PostgresServer(folder)
    t.teardown(async () => await server.stop())
    await server.run()
    return server
  }

  /** Starts the process, again if it was stopped. */
  async run (): Promise<void> {
    const { PGHOST: folder } = this.env
    const options = ['-D', join(folder, 'data'), '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off']
    this.#daemon = await Daemon.start(
      [join(bin as string, 'postgres'), ...options], async () => await this.query('SELECT 1').then(() => true, () => false), { ...user, cwd: folder }
    )
  }

  /** Ends it at once, whoever is connected. */
  async stop (): Promise<void> {
    await this.#daemon?.end('SIGINT')
  }

  /** Runs statements as the owner, and returns the rows of a single one. */
  async query (text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
    const { PGHOST: host, PGUSER: user, PGDATABASE: database } = this.env
    const client = new pg.Client({ host, user, database })
    // What ends the connection is told by the query.
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(text, values)).rows
    } finally {
      await client.end()
    }
  }
}
