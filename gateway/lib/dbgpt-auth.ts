#!/usr/bin/env node
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// The plugin's command, for where only what is asked for by name has its commands linked: npm's --global, npx, pnpm.
const require = createRequire(import.meta.url)
const manifest = 'fastify-dbgpt-auth/package.json'
const { bin } = require(manifest) as { bin: { 'dbgpt-auth': string } }
await import(new URL(bin['dbgpt-auth'], pathToFileURL(require.resolve(manifest))).href)
