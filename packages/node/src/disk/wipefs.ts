import type { Host } from '../host/host.ts'
import { runTool } from './tool.ts'

/** A trace of something on a device: a file system, a partition table, a member of an array. */
export interface Signature {
  /** `gpt`, `dos`, `ext4`, `LVM2_member` … */
  readonly type: string
  readonly label: string | undefined
}

/** What a device holds at its top level, by its own bytes and not by what udev noted earlier. @throws DiskToolError */
export function signaturesOn(host: Host, device: string): Signature[] {
  return parseSignatures(runTool(host, ['wipefs', '--no-act', '--json', device]))
}

/** What `wipefs --no-act --json` printed; nothing at all where nothing is found. Each kind once. */
export function parseSignatures(json: string): Signature[] {
  if (json.trim() === '') return []
  const { signatures = [] } = JSON.parse(json) as {
    readonly signatures?: readonly { readonly type?: string | null; readonly label?: string | null }[]
  }
  const found = signatures.map(({ type, label }) => ({ type: type ?? 'unknown', label: label || undefined }))
  // The protective table stands for nothing of its own.
  const real = found.filter(({ type }) => type !== 'PMBR' || found.every((other) => other.type === 'PMBR'))
  return real.filter(({ type }, index) => real.findIndex((other) => other.type === type) === index)
}
