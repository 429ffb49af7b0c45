/** A number out of bytes, the lowest first. Exact below 2⁵³, which sector numbers of disks are. */
export function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

export function setNumber(bytes: Uint8Array, at: number, length: number, value: number): void {
  let rest = value
  for (let i = 0; i < length; i++) {
    bytes[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}
