/** Debian's name of an architecture that Node knows by another. */
export function debianArchitecture(nodeArch: string): string {
  const names: Record<string, string> = { x64: 'amd64', arm64: 'arm64', riscv64: 'riscv64' }
  return names[nodeArch] ?? nodeArch
}
