import { architectures } from '@kiln/contract'
import * as z from 'zod'

/** Path relative to a root or to a partition, without a way out of it. */
const insidePath = z
  .string()
  .regex(/^(?!.*(^|\/)\.\.?(\/|$))[^/\s][^\s]*$/, 'must be a path without a leading / and without ..')

/** One file of boards/: everything that Kiln knows of a board. Closed, like every schema of Kiln. */
export const BoardFile = z.strictObject({
  /** The name of the device in kiln.yaml, and in the names of images. */
  board: z.string(),
  title: z.string(),
  arch: z.enum(architectures),
  /** Serial consoles, as the kernel is told of them, instead of those of the architecture. */
  serial: z.array(z.string()).min(1).optional(),
  /** Words of the kernel command line, before those of the image. */
  cmdline: z.array(z.string()).default([]),
  /**
   * Kernel modules without which the root is not found there, by name with underscores, beside those of every initramfs. They
   * are loaded where the hardware asks for them.
   */
  modules: z.array(z.string()).default([]),
  /** Files that the board starts before there is UEFI. */
  firmware: z.strictObject({
    /** Of Debian, whatever the image is. */
    suite: z.string(),
    components: z.array(z.string()),
    /** Package → path in it → path on the EFI partition. */
    packages: z.record(z.string(), z.record(insidePath, insidePath)),
  }),
  /** Below the kernel's folder of device trees; they go to the top of the EFI partition. */
  'device-trees': z.array(insidePath).default([]),
  /** Path on the EFI partition → text. */
  files: z.record(insidePath, z.string()).default({}),
  /** hybrid: the EFI partition stands in the table of the first sector, too, for firmware that knows no GPT. */
  mbr: z.enum(['protective', 'hybrid']).default('protective'),
})
export type Board = z.infer<typeof BoardFile>

/** What a board needs on the EFI partition, by path. */
export function boardPaths(board: Board): string[] {
  return [
    ...Object.values(board.firmware.packages).flatMap((files) => Object.values(files)),
    ...board['device-trees'].map(deviceTreeFile),
    ...Object.keys(board.files),
  ]
}

/** Device trees go to the top, where firmware looks for them. */
export function deviceTreeFile(tree: string): string {
  return tree.slice(tree.lastIndexOf('/') + 1)
}
