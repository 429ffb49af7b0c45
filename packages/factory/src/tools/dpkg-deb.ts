import { run } from './process.ts'

/** The control fields of a package file (deb-control(5)). */
export async function controlOf(file: string, signal: AbortSignal): Promise<string> {
  return (await run('dpkg-deb', ['--field', file], { signal })).stdout
}
