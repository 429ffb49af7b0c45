import { run } from './process.ts'

/** Command that unpacks all package files of a folder into another one, as files: no script of a package is run. */
export function extractArguments(folder: string, target: string): [string, ...string[]] {
  return [
    'sh',
    '-euc',
    'for file in "$1"/*.deb; do dpkg-deb --extract "$file" "$2"; done',
    'sh',
    folder,
    target,
  ]
}

/** The control fields of a package file (deb-control(5)). */
export async function controlOf(file: string, signal: AbortSignal): Promise<string> {
  return (await run('dpkg-deb', ['--field', file], { signal })).stdout
}
