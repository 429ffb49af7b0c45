import { type Payload, parseGrubEnv, utf8Bytes } from '@kiln/contract'
import type { Host } from '../host/host.ts'
import { readIfThere } from '../host/tree.ts'

/** What install.grub_options said, on COS_OEM; the field's file, in the format of GRUB's environment. */
const optionsFile = '/oem/grubenv'

/** Words for the command line of the kernel, by the field's names: for all entries, and for one kind of them. */
export const wordOptions = {
  all: 'extra_cmdline',
  active: 'extra_active_cmdline',
  recovery: 'extra_recovery_cmdline',
} as const

export type GrubOptions = Readonly<Record<string, string>>

/** The options of this node; none where there is no file, or another one. */
export function readGrubOptions(host: Pick<Host, 'readText'>): GrubOptions {
  return parseGrubEnv(readIfThere(host, optionsFile) ?? '') ?? {}
}

/** Adds options to those of this node. @returns whether that changed any */
export function addGrubOptions(host: Host, options: GrubOptions): boolean {
  const before = readGrubOptions(host)
  if (Object.entries(options).every(([name, value]) => before[name] === value)) return false
  host.writeAtomic(optionsFile, environmentBlock({ ...before, ...options }), { mode: 0o600 })
  return true
}

/** The command line of an entry, for a boot loader that passes one. */
export function commandLineOf(
  { cmdline }: Pick<Payload, 'cmdline'>,
  options: GrubOptions,
  role: 'active' | 'recovery',
): string {
  return [cmdline, options[wordOptions.all], options[wordOptions[role]]]
    .map((words) => words?.trim())
    .filter(Boolean)
    .join(' ')
}

const blockBytes = 1024
const blockHeader = '# GRUB Environment Block\n'

/** GRUB's environment block (grub-editenv(1)): lines, filled with # to whole kibibytes. */
export function environmentBlock(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${escaped(value)}\n`)
  const text = `${blockHeader}${lines.join('')}`
  const bytes = utf8Bytes(text).length
  return text + '#'.repeat((blockBytes - (bytes % blockBytes)) % blockBytes)
}

/** A backslash makes the next letter a plain one. */
function escaped(value: string): string {
  return value.replace(/[\\\n]/g, (letter) => `\\${letter}`)
}
