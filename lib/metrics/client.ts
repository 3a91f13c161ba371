import { FST_DBGPT_AUTH_METRICS_CLIENT } from '../errors.ts'

/** What is used of `prom-client`. */
export type Client = Pick<typeof import('prom-client'), 'Counter' | 'Gauge' | 'register'>

/**
 * Loads the package that makes metrics, which need not be installed.
 *
 * @throws `FST_DBGPT_AUTH_METRICS_CLIENT` if it is not
 */
export async function loadClient (
  importClient: () => Promise<Client> = async () => await import('prom-client')
): Promise<Client> {
  return await importClient().catch(cause => { throw new FST_DBGPT_AUTH_METRICS_CLIENT({ cause }) })
}
