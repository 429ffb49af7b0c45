import { run } from '@kiln/factory/tools/process'

/**
 * Replays the journal and mends what may be mended without asking, as it is done at a boot: counts, and files that were removed
 * while open.
 * @param file an ext4 file system, which is written to
 * @returns what is wrong beyond that; undefined where nothing is. `unreadable`: not even the file system is recognised
 */
export async function mendExt4(
  file: string,
): Promise<{ readonly kind: 'damaged' | 'unreadable'; readonly said: string } | undefined> {
  const { code, stdout, stderr } = await run('e2fsck', ['-f', '-p', file], { okCodes: exitCodes })
  if ((code & (left | failed)) === 0) return undefined
  const said = `${stdout}${stderr}`.replaceAll(file, 'it').replace(/\s+/g, ' ').trim().slice(-300)
  return { kind: (code & failed) === 0 ? 'damaged' : 'unreadable', said }
}

/** e2fsck(8), "EXIT CODE": 1 mended, 2 should be rebooted, 4 errors left, 8 operational error. */
const left = 4
const failed = 8
const exitCodes = Array.from({ length: 16 }, (_, code) => code)
