import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Architecture, architectureFacts, KilnError } from '@kiln/contract'

/** How programs of another architecture are run. */
export interface Emulation {
  readonly arch: Architecture
  /** Result of a toolchain step whose root has Debian's package qemu-user: programs that need no library. */
  readonly emulator: { readonly folder: string }
}

const script = fileURLToPath(new URL('emulate.sh', import.meta.url))

/** Command before a command whose programs are of another architecture. It has to run in a mount namespace of its own. */
export function emulating({ emulator, arch }: Emulation, uid = process.getuid?.()): string[] {
  const program = join(emulator.folder, 'root/usr/bin', `qemu-${architectureFacts[arch].uname}`)
  if (!existsSync(program)) throw new KilnError('E-BUG', `there is no ${program}`)
  return ['sh', script, uid === 0 ? 'new' : 'own', hexMagic(arch), binfmtRule(arch, program), '--']
}

/** For a step that has an emulator among its inputs where its root needs one. */
export function emulationFor(
  arch: Architecture | undefined,
  emulator: Emulation['emulator'] | undefined,
): Emulation | undefined {
  return arch && emulator && { arch, emulator }
}

/** The first 20 bytes of a program: ELF, 64 bits, little-endian, version 1, for any system; then type 2 and the machine. */
function elfHead(arch: Architecture): number[] {
  const { elfMachine } = architectureFacts[arch]
  const ident = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, ...Array<number>(8).fill(0)]
  return [...ident, 2, 0, elfMachine & 0xff, elfMachine >> 8]
}

/** Byte 7, the system, may be anything; type 3, which movable programs have, differs from 2 in its lowest bit. */
const mask = [...Array<number>(7).fill(0xff), 0, ...Array<number>(8).fill(0xff), 0xfe, 0xff, 0xff, 0xff]

const hex = (byte: number) => byte.toString(16).padStart(2, '0')

function hexMagic(arch: Architecture): string {
  return elfHead(arch).map(hex).join('')
}

/**
 * A line for the kernel: Documentation/admin-guide/binfmt-misc.rst. Flags: argv[0] stays what it was (P), rights as those of
 * the program (C), the emulator is opened now (F).
 * @param program path of the emulator, which may have any character but the separator
 */
export function binfmtRule(arch: Architecture, program: string): string {
  const escaped = (bytes: readonly number[]) => bytes.map((byte) => `\\x${hex(byte)}`).join('')
  const separator = '\u0001'
  const fields = ['', `kiln-${arch}`, 'M', '0', escaped(elfHead(arch)), escaped(mask), program, 'PCF']
  return fields.join(separator)
}

/** What emulate.sh says where nothing can be emulated, as an error. */
export function explainEmulation(output: string): KilnError | undefined {
  if (!/^emulate: /m.test(output)) return undefined
  return new KilnError('E-EMULATION', 'programs of another architecture cannot be run on this machine', {
    hint:
      'use Linux 6.7 or later with binfmt_misc and user namespaces, or as root: apt-get install qemu-user-static ' +
      'binfmt-support; or build on a machine of that architecture',
    output,
  })
}
