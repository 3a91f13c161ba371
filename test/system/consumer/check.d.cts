import type { FastifyInstance } from 'fastify'

export declare const KEY: string
export declare function check (app: FastifyInstance): Promise<void>
