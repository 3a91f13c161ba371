// Checked by tsc and never run.
import Fastify from 'fastify'
import dbgptAuth, { type KeyStoreStatus, MemoryKeyStore } from 'fastify-dbgpt-auth'
import byDefault, { apiKeyMetrics } from 'fastify-dbgpt-auth/metrics'
import { type OpenMetricsContentType, register, Registry } from 'prom-client'
import { same } from './equals.ts'

const app = Fastify()
await app.register(dbgptAuth)
await app.register(apiKeyMetrics)
await app.register(byDefault, { register, perKey: true })
await app.register(apiKeyMetrics, { register: new Registry<OpenMetricsContentType>(), perKey: { max: 10 } })
await app.register(apiKeyMetrics, { register: undefined, perKey: undefined })
// @ts-expect-error It is a bound, or none.
await app.register(apiKeyMetrics, { perKey: 10 })
// @ts-expect-error It is no registry.
await app.register(apiKeyMetrics, { register: {} })
same<ReturnType<MemoryKeyStore['status']>, KeyStoreStatus>()
