import { type Architecture, architectures, KilnError } from '@kiln/contract'

/** Debian's name of an architecture that Node knows by another. */
export function debianArchitecture(nodeArch: string): string {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64', riscv64: 'riscv64' }
  return names[nodeArch] ?? nodeArch
}

/** Of the machine that builds. @throws KilnError E-UNSUPPORTED */
export function ownArchitecture(): Architecture {
  const name = debianArchitecture(process.arch)
  const found = architectures.find((arch) => arch === name)
  if (found) return found
  throw new KilnError('E-UNSUPPORTED', `Kiln does not build on ${name}`, {
    hint: `it does on ${architectures.join(', ')}`,
  })
}
