import { parentOf } from '../../host/durable.ts'
import type { Host } from '../../host/host.ts'
import { fileDigest } from '../../host/sha256sum.ts'
import { listIfThere } from '../../host/tree.ts'
import { withWorkFolder } from '../../host/work-folder.ts'
import type { Ask } from './ask.ts'
import type { ProviderName } from './catalog.ts'
import { type PlannedFile, plannedFiles, runConfig, runFiles } from './files.ts'
import type { Metadata } from './metadata.ts'
import { reports } from './providers/index.ts'
import type { PullRequest } from './pull.ts'
import { type Origin, type PullRecord, readOrigin, writeOrigin } from './record.ts'
import { DataSourceError } from './source-error.ts'
import type { Texts } from './unpack.ts'
import { readUserdata } from './userdata.ts'

/** Data, and who gave it. */
export interface Answered {
  readonly provider: ProviderName
  readonly metadata: Metadata
}

/** Puts data where it is read: in /run/config at each start, as cloud-configs when the machine is a new one. */
export function settle(
  host: Host,
  request: Pick<PullRequest, 'folder' | 'userdataName'>,
  { provider, metadata }: Answered,
  texts: Texts,
  notes: string[],
  ask: Ask,
): Omit<PullRecord, 'attempts'> {
  const { folder, userdataName = 'userdata.yaml' } = request
  const instanceId = metadata.instanceId ?? digestOf(host, metadata.userdata ?? new Uint8Array())
  const origin: Origin = { provider, instanceId }
  writeFiles(host, runFiles(metadata))
  const before = readOrigin(host, folder)
  if (before?.provider === provider && before.instanceId === instanceId) {
    return { outcome: 'kept', ...origin, notes }
  }
  const data = metadata.userdata === undefined ? undefined : readData(metadata.userdata, texts, notes)
  clear(host, folder)
  writeFiles(host, plannedFiles(folder, userdataName, metadata, data))
  // Last: what breaks off before is done again.
  writeOrigin(host, folder, origin)
  report(provider, ask, notes)
  return { outcome: 'new', ...origin, notes }
}

function readData(userdata: Uint8Array, texts: Texts, notes: string[]) {
  try {
    const text = texts.unpack(userdata)
    const parts = readUserdata(text, texts.decode)
    notes.push(...parts.notes)
    return { text, parts }
  } catch (error) {
    if (!(error instanceof DataSourceError)) throw error
    notes.push(`the user data is not used: ${error.message}`)
    return undefined
  }
}

function report(provider: ProviderName, ask: Ask, notes: string[]): void {
  try {
    reports[provider]?.(ask)
  } catch (error) {
    if (!(error instanceof DataSourceError)) throw error
    notes.push(`${provider} was not told that its data arrived: ${error.message}`)
  }
}

/** Files of a machine that this one was before. */
function clear(host: Host, folder: string): void {
  host.mkdir(folder, { recursive: true, mode: 0o700 })
  // The mark goes first.
  for (const name of ['source.json', ...listIfThere(host, folder)]) {
    if (folder !== runConfig) host.remove(`${folder}/${name}`, { recursive: true })
  }
}

function writeFiles(host: Host, files: readonly PlannedFile[]): void {
  for (const { path, content, mode } of files) {
    host.mkdir(parentOf(path), { recursive: true, mode: 0o755 })
    host.writeAtomic(path, content, { mode })
    // A file that was there kept its mode.
    host.chmod(path, mode)
  }
}

function digestOf(host: Host, bytes: Uint8Array): string {
  return withWorkFolder(host, '/run/kiln/digest', (folder) => {
    host.write(`${folder}/data`, bytes, { mode: 0o600 })
    return fileDigest(host, `${folder}/data`)
  })
}
