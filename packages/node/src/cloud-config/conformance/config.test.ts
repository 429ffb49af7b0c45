import { test } from 'node:test'
import { nodeHost } from '../../host/node.ts'
import { configCases } from './config.ts'

for (const { name, run } of configCases) test(name, () => run(nodeHost(), ''))
