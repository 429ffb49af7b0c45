/**
 * Arguments for sfdisk, which writes a partition table into a file; the script is its input. The file has no other table
 * and nothing that would have to be wiped. Runs in the toolchain.
 */
export function sfdiskArguments(target: string): [string, ...string[]] {
  return ['sfdisk', '--quiet', '--wipe', 'never', '--no-reread', '--no-tell-kernel', target]
}
