import { artifactName, type ImageIdentity } from './names.ts'

/** What can be made of an image. */
export const artifactKinds = ['iso', 'oci', 'docker', 'raw'] as const
export type ArtifactKind = (typeof artifactKinds)[number]

/** End of the file name of each: no two are equal, so that all can be made in one build. */
const extensions: Readonly<Record<ArtifactKind, string>> = {
  iso: '.iso',
  oci: '.oci',
  docker: '.docker.tar',
  raw: '.raw',
}

/** `kairos-debian-13-core-amd64-generic-v0.1.0.docker.tar` */
export function artifactFile(image: ImageIdentity, kind: ArtifactKind): string {
  return artifactName(image, extensions[kind])
}
