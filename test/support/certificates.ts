import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { makeTemporaryFolder } from './files.ts'

const run = promisify(execFile)
const NEW_KEY = '-nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1'

/** The files of an authority, and of servers. */
export class Certificates {
  /** The certificate of the authority. */
  readonly ca: string
  readonly #folder: string

  private constructor (folder: string) {
    this.#folder = folder
    this.ca = join(folder, 'ca.pem')
  }

  /** Makes an authority in a folder that goes with the test. */
  static async make (t: Test): Promise<Certificates> {
    const all = new Certificates(await makeTemporaryFolder(t))
    await all.#openssl(`req -x509 -days 2 ${NEW_KEY} -subj /CN=test -keyout ca.key -out ca.pem`)
    return all
  }

  /**
   * Makes the certificate of a server, and returns how a `redis-server` is told of it.
   *
   * @param port - for TLS
   * @param name - the alternative name that it is for
   * @param days - how long it is valid from now on
   */
  async optionsFor (port: number, name = 'IP:127.0.0.1', days = 2): Promise<string[]> {
    const { cert, key } = await this.filesFor(String(port), name, days)
    return [
      '--tls-port', String(port), '--tls-auth-clients', 'no', '--tls-ca-cert-file', this.ca,
      '--tls-cert-file', cert, '--tls-key-file', key
    ]
  }

  /**
   * Makes the certificate of a server, and returns where it and its key are.
   *
   * @param file - what the files are called
   * @param name - the alternative name that it is for
   * @param days - how long it is valid from now on
   */
  async filesFor (file: string, name: string, days = 2): Promise<{ readonly cert: string, readonly key: string }> {
    await this.#openssl(`req -new ${NEW_KEY} -subj /CN=test -addext subjectAltName=${name} -keyout ${file}.key -out ${file}.csr`)
    await this.#openssl(`x509 -req -days ${days} -in ${file}.csr -CA ca.pem -CAkey ca.key -copy_extensions copy -out ${file}.pem`)
    return { cert: join(this.#folder, `${file}.pem`), key: join(this.#folder, `${file}.key`) }
  }

  async #openssl (args: string): Promise<void> {
    await run('openssl', args.split(' '), { cwd: this.#folder })
  }
}
