import type {} from 'fastify'
import type {
  FastifyBaseLogger, FastifyPluginAsync, FastifyRegisterOptions, FastifyTypeProvider, RawServerBase, RawServerDefault
} from 'fastify'
import type { DbgptAuthOptions } from './types.ts'

/** What `require('fastify-dbgpt-auth')` returns: Fastify takes the plugin out of it. */
export interface DbgptAuthModule {
  readonly default: FastifyPluginAsync<DbgptAuthOptions>
  readonly dbgptAuth: FastifyPluginAsync<DbgptAuthOptions>
}

declare module 'fastify' {
  /* eslint-disable @typescript-eslint/no-unused-vars -- the parameters must be those of Fastify's own declaration */
  interface FastifyRegister<
    T = void,
    RawServer extends RawServerBase = RawServerDefault,
    TypeProviderDefault extends FastifyTypeProvider = FastifyTypeProvider,
    LoggerDefault extends FastifyBaseLogger = FastifyBaseLogger
  > {
    (plugin: DbgptAuthModule, options?: FastifyRegisterOptions<DbgptAuthOptions>): T
  }
}
