#!/usr/bin/env node
import { main } from './main.ts'

// Whoever reads the output may have seen enough of it.
process.stdout.on('error', () => process.exit())
process.exitCode = await main(process.argv.slice(2), process)
