import { AgentError } from '../agent-error.ts'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Command } from '../command.ts'
import { parentOf } from '../host/durable.ts'
import { type Host, HostError } from '../host/host.ts'
import { listIfThere, readIfThere, statIfThere } from '../host/tree.ts'
import { nodeState } from '../state/node-state.ts'
import { stateTable } from '../state/table.ts'
import { bundleFiles, bundleOutputs, journalOf } from './contents.ts'
import { matchingPaths } from './matching-paths.ts'
import { redact } from './redact.ts'

/** In memory. */
const workFolder = '/run/kiln/logs'
const programTimeoutMs = 60_000
const largestFile = 8 * 1024 * 1024

export const logsCommand: Command<never, '--output' | '-o'> = {
  usage: `kiln-agent logs: packs what helps to find a fault, without passwords and keys

  kiln-agent logs [--output FILE]

  --output FILE, -o FILE  default: ./kiln-logs.tar.gz

The block logs of the cloud-configs names more units (journal) and more files, * and ? included (files).
`,
  flags: [],
  values: ['--output', '-o'],
  words: 0,
  run: (host, { values }) => packLogs(host, values['--output'] ?? values['-o'] ?? './kiln-logs.tar.gz'),
}

function packLogs(host: Host, target: string): number {
  host.remove(workFolder, { recursive: true })
  host.mkdir(`${workFolder}/kiln-logs`, { recursive: true, mode: 0o700 })
  try {
    const put = (name: string, text: string) => putFile(host, `${workFolder}/kiln-logs/${name}`, text)
    collect(host, put)
    const tar = [
      'tar',
      '--create',
      '--gzip',
      `--file=${target}`,
      `--directory=${workFolder}`,
      'kiln-logs',
    ] as const
    const { code, stderr } = host.run(tar)
    if (code !== 0) throw new AgentError('tool-failed', `tar: ${stderr.trim()}`)
    // Redacting is a guess; whoever may read the bundle may read what is left.
    host.chmod(target, 0o600)
  } finally {
    host.remove(workFolder, { recursive: true })
  }
  host.print(`${target}\n`)
  return 0
}

function collect(host: Host, put: (name: string, text: string) => void): void {
  const state = nodeState(host)
  put('state.json', `${JSON.stringify(state, undefined, 2)}\n`)
  put('state.txt', stateTable(state))
  const { journal = [], files = [] } = nodeConfig(host).config.logs ?? {}
  for (const { name, argv } of [...bundleOutputs, ...journal.map(journalOf)]) put(name, outputOf(host, argv))
  const named = files.flatMap((pattern) => matchingPaths(host, pattern))
  for (const path of [...bundleFiles, ...named]) putTree(host, path, put)
}

/** A program that is missing or fails is an answer, too. */
function outputOf(host: Host, argv: (typeof bundleOutputs)[number]['argv']): string {
  try {
    const { stdout, stderr } = host.run(argv, { timeoutMs: programTimeoutMs })
    return stdout + stderr
  } catch (error) {
    if (error instanceof HostError) return `${error.message}\n`
    throw error
  }
}

function putTree(host: Host, path: string, put: (name: string, text: string) => void): void {
  const stat = statIfThere(host, path)
  if (stat?.type === 'directory') {
    for (const name of listIfThere(host, path)) putTree(host, `${path}/${name}`, put)
    return
  }
  if (stat?.type !== 'file') return
  put(
    `files${path}`,
    stat.size > largestFile ? `(${stat.size} bytes, left out)\n` : (readIfThere(host, path) ?? ''),
  )
}

function putFile(host: Host, path: string, text: string): void {
  host.mkdir(parentOf(path), { recursive: true, mode: 0o700 })
  host.write(path, redact(text), { mode: 0o600 })
}
