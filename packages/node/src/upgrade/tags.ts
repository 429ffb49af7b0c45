import { compareVersions, isPrerelease, parseVersion, type Version } from './versions.ts'

/** What all versions of one image share, and the one that runs. */
export interface RunningImage {
  readonly flavorRelease: string
  readonly variant: string
  readonly arch: string
  readonly device: string
  readonly version: string
  /** Kubernetes in the image: `k3s` and `v1.30.2+k3s1`. */
  readonly software?: { readonly prefix: string; readonly version: string } | undefined
}

/** A version of the image, in its registry. */
export interface TaggedVersion {
  readonly tag: string
  readonly version: Version
  readonly software: Version | undefined
}

/** Beside the images of a repository: signatures, attestations, lists, other forms of the same. */
const otherArtifacts = /^sha256-[0-9a-f]{64}|\.(sig|att|sbom)$|-(uki|img)$/

/**
 * Reads a tag of the field's form, `<release>-<variant>-<arch>-<device>-<version>[-<prefix><software version>]`, in which
 * every `+` was turned into `-`. Undefined where it is another image: of another release, variant, architecture or device,
 * or with another Kubernetes.
 */
export function readTag(tag: string, image: RunningImage): TaggedVersion | undefined {
  const { flavorRelease, variant, arch, device, software } = image
  const prefix = `${flavorRelease}-${variant}-${arch}-${device}-`
  if (!tag.startsWith(prefix) || otherArtifacts.test(tag)) return undefined
  const [, own = '', word, behind] =
    tag.slice(prefix.length).match(/^(.+?)(?:-([a-z]\w*?)(v\d+\..+))?$/) ?? []
  if (word !== software?.prefix) return undefined
  const version = parseVersion(withBuild(own, image.version))
  const softwareVersion =
    behind === undefined ? undefined : parseVersion(withBuild(behind, software?.version))
  if (!version || (behind !== undefined && !softwareVersion)) return undefined
  return { tag, version, software: softwareVersion }
}

/**
 * A tag cannot have a `+`, so `v1.0.0-build5` may have been `v1.0.0+build5`. It was, where the version that runs has a build
 * of the same kind.
 */
function withBuild(text: string, sample: string | undefined): string {
  // `k3s` of `+k3s1`, `build` of `+build.5`, nothing of `+5`.
  const kind = sample?.match(/\+(.*?)[\d.]*$/)?.[1]
  if (kind === undefined) return text
  const at = text.lastIndexOf(`-${kind}`)
  const number = text.slice(at + 1 + kind.length)
  return at > 0 && /^[\d.]+$/.test(number) ? `${text.slice(0, at)}+${text.slice(at + 1)}` : text
}

export interface ListRules {
  /** Versions that are no releases, too. */
  readonly pre: boolean
  /** Older ones, too. */
  readonly all: boolean
}

/** Other versions of the image that runs, the newest first. Without `all`, only what is newer and takes nothing back. */
export function listVersions(
  tags: readonly string[],
  image: RunningImage,
  rules: ListRules,
): TaggedVersion[] {
  const current = {
    version: parseVersion(image.version),
    software: image.software ? parseVersion(image.software.version) : undefined,
  }
  return tags
    .flatMap((tag) => readTag(tag, image) ?? [])
    .filter(({ version }) => rules.pre || !isPrerelease(version))
    .filter((candidate) => {
      const order = current.version ? compareVersions(candidate.version, current.version) : 1
      const software = compareSoftware(candidate.software, current.software)
      if (rules.all) return order !== 0 || software !== 0
      // A newer system with an older Kubernetes would take the cluster back.
      return software >= 0 && order >= 0 && order + software !== 0
    })
    .toSorted((a, b) => compareVersions(b.version, a.version) || compareSoftware(b.software, a.software))
}

function compareSoftware(a: Version | undefined, b: Version | undefined): number {
  if (!a || !b) return Number(a !== undefined) - Number(b !== undefined)
  return compareVersions(a, b)
}
