export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB

const units: Readonly<Record<string, number>> = { KiB, MiB, GiB, TiB: 1024 * GiB }

/** How a size is written in kiln.yaml and in a cloud-config: `256MiB`, `1.5GiB`. */
export const sizePattern = /^(\d{1,6}(?:\.\d{1,3})?) ?(KiB|MiB|GiB|TiB)$/

/** Bytes of a size such as `256MiB`, rounded up to whole ones; nothing if it is not written like that. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = text.match(sizePattern) ?? []
  const factor = units[unit]
  return amount === undefined || factor === undefined ? undefined : Math.ceil(Number(amount) * factor)
}

/** `1.7 GiB`, `257 MiB`: for messages. Powers of 1024, one decimal where the number is short. */
export function sizeText(bytes: number): string {
  const [unit, factor] = Object.entries(units).findLast(([, factor]) => bytes >= factor) ?? ['B', 1]
  const value = bytes / factor
  const short = value < 100 && !Number.isInteger(value)
  return `${short ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** The next multiple of a step, both in the same unit. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}
