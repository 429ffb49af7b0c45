import { closeSync, openSync, readSync } from 'node:fs'
import { type Architecture, architectureBy, KilnError } from '@kiln/contract'
import { locateInRoot, readInRoot } from '../rootfs/read-root.ts'

/** What a base must turn out to be. */
export interface ExpectedRoot {
  /** Values of `ID` in os-release that count as the flavor: `['debian']`, `['opensuse-leap']`. */
  readonly ids: readonly string[]
  /** `13` is met by `13` and `13.1`. Rolling releases say none, and then anything is met. */
  readonly release: string
  readonly arch: Architecture
}

/**
 * Looks at a root file system, so that nothing goes on with the wrong one.
 * @throws KilnError E-BASE-MISMATCH
 */
export function checkRoot(root: string, what: string, expected: ExpectedRoot): void {
  const text = readInRoot(root, '/etc/os-release') ?? readInRoot(root, '/usr/lib/os-release')
  if (!text) {
    throw new KilnError('E-BASE-MISMATCH', `${what} has no /etc/os-release, so it is no whole distribution`, {
      hint: 'take a base with a package manager; "distroless" images and single programs are none',
    })
  }
  const { ID: id = 'linux', VERSION_ID: version } = parseOsRelease(text.toString('utf8'))
  if (!expected.ids.includes(id) || !meets(version, expected.release)) {
    const found = [id, version].filter(Boolean).join(' ')
    throw new KilnError(
      'E-BASE-MISMATCH',
      `${what} is ${found}, the image is ${expected.ids[0]} ${expected.release}`,
      { hint: 'change "base", or "flavor" and "release" in kiln.yaml' },
    )
  }
  const arch = architectureOf(root)
  if (arch === undefined || arch === expected.arch) return
  throw new KilnError(
    'E-BASE-MISMATCH',
    `${what} holds programs for ${arch}, the image is for ${expected.arch}`,
    {
      hint: 'change "base" or "arch" in kiln.yaml',
    },
  )
}

/** `KEY=value`, `KEY="value"` or `KEY='value'`, with backslashes before `"$\` and backquotes: os-release(5). */
export function parseOsRelease(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const [, key, value = ''] = line.match(/^([A-Z][A-Z0-9_]*)=(.*?)\s*$/) ?? []
    const bare = /^'.*'$|^".*"$/.test(value) ? value.slice(1, -1) : value
    return key ? [[key, bare.replaceAll(/\\(["$`\\'])/g, '$1')] as const] : []
  })
  return Object.fromEntries(pairs)
}

function meets(version: string | undefined, release: string): boolean {
  return version === undefined || version === release || version.startsWith(`${release}.`)
}

/** Programs that a distribution has one or the other of. */
const programs = ['/bin/sh', '/usr/bin/env', '/sbin/init', '/bin/busybox']
const magic = '\x7fELF'
/** Field e_machine, at byte 18 of an ELF header, of those that Kiln makes no images for. */
const otherMachines: Readonly<Record<number, string>> = { 3: 'i386', 40: 'arm' }

/** Undefined where none of the programs is there. */
export function architectureOf(root: string): string | undefined {
  for (const program of programs) {
    const place = locateInRoot(root, program)
    const header = place === undefined ? undefined : readHead(place)
    if (header?.toString('latin1', 0, 4) !== magic) continue
    const machine = header.readUInt16LE(18)
    return architectureBy('elfMachine', machine) ?? otherMachines[machine] ?? `machine ${machine}`
  }
  return undefined
}

function readHead(file: string): Buffer | undefined {
  const head = Buffer.alloc(20)
  const handle = openSync(file, 'r')
  try {
    return readSync(handle, head) === head.length ? head : undefined
  } finally {
    closeSync(handle)
  }
}
