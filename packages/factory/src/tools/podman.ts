/** podman builds Containerfiles; its caches are the user's own. */
export interface ImageBuild {
  readonly file: string
  /** The context. */
  readonly folder: string
  readonly arch: string
  /** Where the id of the image is written. */
  readonly idFile: string
}

export const archive = 'oci-archive'

/** `--pull=newer` looks whether the registry has a newer image than the machine. */
export function buildArguments({ file, folder, arch, idFile }: ImageBuild): string[] {
  return [
    'build',
    '--pull=newer',
    `--platform=linux/${arch}`,
    `--iidfile=${idFile}`,
    `--file=${file}`,
    folder,
  ]
}

export function saveArguments(id: string, target: string): string[] {
  return ['save', `--format=${archive}`, `--output=${target}`, id]
}
