import { type Argv, type Host, hasErrno, type RunOptions } from '../host/host.ts'

/** A program for disks that is missing or failed. The message is the program's own, after its name. */
export class DiskToolError extends Error {}

/** Runs a program and returns what it printed. @throws DiskToolError */
export function runTool(host: Pick<Host, 'run'>, argv: Argv, options: RunOptions = {}): string {
  const [program] = argv
  try {
    const { code, stdout, stderr } = host.run(argv, options)
    if (code === 0) return stdout
    const said = `${stderr}${stdout}`.trim().split('\n').slice(-3).join(' ').replace(/\s+/g, ' ').trim()
    throw new DiskToolError(`${program} ended with ${code}: ${said || 'without a word'}`)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
    throw new DiskToolError(`${program} is not in this image`)
  }
}
