import { sizeText } from '@kiln/contract'
import type { DiskForecast } from '@kiln/factory/run/disk-forecast'

/** The sizes of the disks of a build, with their sums, as lines. Pure. */
export function diskLines(disks: readonly DiskForecast[]): string[] {
  return disks.flatMap(({ step, firmware, layout }) => {
    if (!layout) return ['', `disk ${step} (${firmware}): its size is known when the payload is made`]
    const { terms, minimumBytes, files } = layout
    const sizes = terms.map(({ bytes }) => sizeText(bytes))
    const [wide, long] = [
      Math.max(...terms.map(({ what }) => what.length)),
      Math.max(...sizes.map((text) => text.length)),
    ]
    return [
      '',
      `disk ${step} (${firmware}): at least ${sizeText(minimumBytes)}`,
      ...terms.map(
        ({ what, why }, index) => `  ${what.padEnd(wide)}  ${(sizes[index] ?? '').padStart(long)}  ${why}`,
      ),
      ...files.map(({ file, bytes }) => `  ${sizeText(bytes)} in ${file}`),
    ]
  })
}
