import type { ImageBuild } from './podman.ts'

/** docker, the program; it needs its daemon. Without buildx it makes images of the machine's own architecture only. */
export const archive = 'docker-archive'

export function buildArguments({ file, folder, arch, idFile }: ImageBuild): string[] {
  return ['build', '--pull', `--platform=linux/${arch}`, `--iidfile=${idFile}`, `--file=${file}`, folder]
}

export function saveArguments(id: string, target: string): string[] {
  return ['save', `--output=${target}`, id]
}
