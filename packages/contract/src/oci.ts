/**
 * How a payload lies in a registry: beside the container image of the same system, as an artifact bound to it. Formats: OCI
 * image specification 1.1 (image-index.md, manifest.md "Guidelines for Artifact Usage").
 */
export const ociTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  gzipLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstdLayer: 'application/vnd.oci.image.layer.v1.tar+zstd',
  /** `{}`: the configuration of what needs none. */
  empty: 'application/vnd.oci.empty.v1+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  /** Artifact type of a payload's manifest. */
  payload: 'application/vnd.kiln.payload.v1',
  /** A file of a payload, as it is. */
  payloadFile: 'application/vnd.kiln.payload.file.v1',
} as const

export const ociAnnotations = {
  title: 'org.opencontainers.image.title',
  version: 'org.opencontainers.image.version',
  created: 'org.opencontainers.image.created',
  refName: 'org.opencontainers.image.ref.name',
  /** By which containerd calls an image that it imports: a whole reference. */
  containerdName: 'io.containerd.image.name',
  /** `true` where the layers of an entry are packed by zstd: podman and skopeo ask for it, and would else add it. */
  zstd: 'io.github.containers.compression.zstd',
  /** What an entry of an index is, where it is no image for a platform; Docker's names, which its tools respect. */
  referenceType: 'vnd.docker.reference.type',
  /** Digest of the image that the entry belongs to. */
  referenceDigest: 'vnd.docker.reference.digest',
} as const

/** Value of `vnd.docker.reference.type` for a payload. */
export const payloadReference = 'kiln-payload'

/** File of a payload that names all the others. */
export const payloadCard = 'payload.json'
