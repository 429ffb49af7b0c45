import { existsSync, statSync } from 'node:fs'
import { text as readStream } from 'node:stream/consumers'
import { type Finding, KilnError } from '@kiln/contract'
import {
  type Collected,
  type CollectedSource,
  type ConfigSource,
  collect,
} from '@kiln/node/cloud-config/collect'
import { readSource } from '@kiln/node/cloud-config/gather'
import { configFiles } from '@kiln/node/cloud-config/sources'
import { nodeHost } from '@kiln/node/host/node'
import type { Session } from '../session.ts'

/** Options that all commands share which read cloud-configs. */
export interface InputOptions {
  readonly json?: boolean
  readonly lenient?: boolean
  readonly cmdline?: string
  readonly providerBlock?: readonly string[]
}

export interface Inputs {
  readonly sources: readonly ConfigSource[]
  readonly collected: Collected
}

const stdinName = '<stdin>'
const largestBytes = 1024 * 1024
const fetchTimeoutMs = 30_000

/**
 * Reads cloud-configs in the order in which they count: files, the files of folders by name, `-` for standard input, addresses.
 * @throws KilnError E-CONFIG-UNREADABLE
 */
export async function readInputs(
  session: Session,
  inputs: readonly string[],
  options: InputOptions,
): Promise<Inputs> {
  if (inputs.length === 0) {
    throw new KilnError('E-USAGE', 'no cloud-config is named', {
      hint: 'name files, folders or addresses, or - for standard input',
    })
  }
  const read: ConfigSource[] = []
  for (const input of inputs) read.push(...(await readInput(session, input)))
  const { cmdline, lenient = false, providerBlock = [] } = options
  const sources: ConfigSource[] = [
    ...read,
    ...(cmdline === undefined ? [] : [{ kind: 'command-line', text: cmdline } as const]),
  ]
  return { sources, collected: collect(sources, { lenient, providerBlocks: providerBlock }) }
}

async function readInput(session: Session, input: string): Promise<ConfigSource[]> {
  if (input === '-') return [{ kind: 'file', name: stdinName, text: await readStream(session.stdin) }]
  if (/^https?:\/\//.test(input)) return [{ kind: 'file', name: input, text: await download(session, input) }]
  if (!existsSync(input)) {
    throw new KilnError('E-CONFIG-UNREADABLE', `${input} is not there`, { place: { file: input } })
  }
  const host = nodeHost()
  const files = isFolder(input)
    ? configFiles(host, { path: input.replace(/(.)\/+$/, '$1'), recursive: true })
    : [input]
  if (files.length === 0) throw unreadable(input, 'the folder has no file that ends in .yaml or .yml')
  return files.map((file) => {
    const source = readSource(host, file)
    if ('code' in source) throw unreadable(file, source.message)
    return source
  })
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

async function download(session: Session, address: string): Promise<string> {
  const signal = AbortSignal.any([session.signal, AbortSignal.timeout(fetchTimeoutMs)])
  try {
    const response = await fetch(address, { signal })
    if (!response.ok) throw new Error(`the server says ${response.status}`)
    let text = ''
    const decoder = new TextDecoder()
    for await (const part of response.body ?? []) {
      text += decoder.decode(part as Uint8Array, { stream: true })
      if (text.length > largestBytes) throw new Error('it is larger than 1 MiB')
    }
    return text + decoder.decode()
  } catch (error) {
    session.signal.throwIfAborted()
    throw unreadable(address, error instanceof Error ? error.message : String(error))
  }
}

function unreadable(file: string, why: string): KilnError {
  return new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${why}`, { place: { file } })
}

/** One error of all findings; undefined where there are none. */
export function errorOf(findings: readonly Finding[]): KilnError | undefined {
  const [first] = findings
  return first && new KilnError(first.code, first.message, { place: first.place, hint: first.hint, findings })
}

/** On a node it is left out; whoever names a file means it. */
export function headerErrors(sources: readonly CollectedSource[]): Finding[] {
  return sources
    .filter(({ outcome }) => outcome === 'no-header')
    .map(({ name }) => ({
      code: 'E-CLOUD-CONFIG',
      message: `${name} has no #cloud-config header, so a node would not read it`,
      place: { file: name, line: 1, column: 1 },
      hint: 'make "#cloud-config" its first line; kiln cloud-config migrate does',
    }))
}
