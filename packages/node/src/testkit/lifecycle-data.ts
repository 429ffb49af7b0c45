import type { RecordedImage } from '@kiln/contract'

export function recordedImage(version: string): RecordedImage {
  return {
    name: 'box',
    version,
    flavor: 'debian',
    flavorRelease: '13',
    arch: 'amd64',
    device: 'generic',
    variant: 'core',
  }
}

/** A file of efivarfs: attributes, UTF-16, zero. */
export function efiText(text: string): Uint8Array {
  return Uint8Array.from(Buffer.concat([Buffer.from([6, 0, 0, 0]), Buffer.from(`${text}\0`, 'utf16le')]))
}
