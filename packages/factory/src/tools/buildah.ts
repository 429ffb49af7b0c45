import type { ImageBuild } from './podman.ts'

/** buildah builds Containerfiles without a daemon. Its options are podman's, but for the last step. */
export const archive = 'oci-archive'

/** `build` is called `bud` in versions before 1.24; the new ones know both. */
export function buildArguments({ file, folder, arch, idFile }: ImageBuild): string[] {
  return ['bud', '--pull', `--platform=linux/${arch}`, `--iidfile=${idFile}`, `--file=${file}`, folder]
}

export function saveArguments(id: string, target: string): string[] {
  return ['push', id, `${archive}:${target}`]
}
