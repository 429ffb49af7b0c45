import { nameError } from './name-error.ts'
import {
  type Architecture,
  architectures,
  type ImageIdentity,
  type Kubernetes,
  type Variant,
  variants,
} from './names.ts'
import { suggest } from './suggest.ts'
import { parseVersion, suggestVersion, versionStop } from './versions.ts'

/** A part of a name. Offsets in the whole, the end exclusive. */
interface Span {
  readonly whole: string
  readonly start: number
  readonly end: number
}

interface Read {
  readonly image: ImageIdentity
  readonly spelling?: Spelling
}

/**
 * An image of the same family. Its flavor says where the flavor ends, and its version whether a `-` of a tag was a `+`: a tag
 * cannot say so itself.
 */
export type NameFamily = Pick<ImageIdentity, 'flavor' | 'version'>

/** Where a text is not the one that Kiln forms. */
export interface Spelling {
  /** `oci:`, before a reference. */
  readonly scheme?: string
  /** `-k3s-v1.33.2` instead of `-k3sv1.33.2`, as the factory action of the field writes it. */
  readonly dashedKubernetes?: true
  /** `k3sv1.26.9-k3s1` in the name of a file, as the field once wrote it. */
  readonly escapedKubernetes?: true
}

interface Options {
  readonly like?: NameFamily | undefined
  /** False in a tag, where each `+` was turned into `-`, too. */
  readonly withFlavor: boolean
}

/** How a release of a distribution begins, in contrast to a flavor: a number, or a word of a distribution that has several. */
export const releaseStart = /^(?:v?\d|(?:leap|tumbleweed|slowroll|stream\d*|rawhide|rolling|latest)(?:-|$))/

/** What an image can bring. */
export const kubernetesDistributions = ['k3s', 'k0s', 'rke2', 'kubeadm', 'nodeadm'] as const
const kubernetesPart = new RegExp(`-(${kubernetesDistributions.join('|')})(-?)(?=v\\d)`)

const anchor = new RegExp(`(?:^|-)(${variants.join('|')})-(${architectures.join('|')})(?=-|$)`)

/**
 * Reads `[<flavor>-]<release>-<variant>-<arch>-<device>-<version>[-<kubernetes>]`. Variant and architecture are known words, and a
 * version has its `v`: they say where the parts end that may have dashes inside.
 * @throws KilnError E-NAME
 */
export function readImage(span: Span, options: Options): Read {
  const text = textOf(span)
  const found = text.match(anchor)
  if (!found) throw anchorError(span)
  const [whole, variant, arch] = found
  const at = found.index ?? 0
  const head = part(span, 0, at)
  const tail = part(span, at + whole.length + 1, text.length)
  const versionAt = textOf(tail).search(/-v(?=\d)/)
  if (versionAt < 0) throw noVersionError(tail)
  const device = part(tail, 0, versionAt)
  requireWord(device, 'device')
  const versions = part(tail, versionAt + 1, textOf(tail).length)
  const { version, kubernetes, spelling } = readVersions(versions, options)
  return {
    image: {
      ...readHead(head, options),
      variant: variant as Variant,
      arch: arch as Architecture,
      device: textOf(device),
      version,
      ...(kubernetes ? { kubernetes } : {}),
    },
    ...(spelling ? { spelling } : {}),
  }
}

function readHead(head: Span, { withFlavor, like }: Options) {
  const text = textOf(head)
  if (!withFlavor) {
    requireWord(head, 'release of the distribution')
    return { flavor: like?.flavor ?? '', flavorRelease: text }
  }
  const length = flavorLength(text, like?.flavor)
  if (length === undefined) {
    const message =
      text === '' || !text.includes('-')
        ? 'the flavor or its release is missing before the variant'
        : `it cannot be told where in "${text}" the flavor ends`
    throw nameError(head.whole, [head.start, head.end], message, 'name the flavor: --flavor')
  }
  const [flavor, release] = [part(head, 0, length), part(head, length + 1, text.length)]
  requireWord(flavor, 'flavor')
  requireWord(release, 'release of the distribution')
  return { flavor: textOf(flavor), flavorRelease: textOf(release) }
}

/** Of the flavor before its release; undefined where nothing tells. */
function flavorLength(text: string, known: string | undefined): number | undefined {
  if (known && text.startsWith(`${known}-`)) return known.length
  for (let at = text.indexOf('-'); at > 0; at = text.indexOf('-', at + 1)) {
    if (releaseStart.test(text.slice(at + 1))) return at
  }
  // `debian-bookworm`
  const [flavor = '', release, more] = text.split('-')
  return release && more === undefined ? flavor.length : undefined
}

interface Versions extends Pick<ImageIdentity, 'version' | 'kubernetes'> {
  readonly spelling?: Spelling
}

/** Behind the device: the version of the image, and Kubernetes where there is some. */
function readVersions(span: Span, { withFlavor, like }: Options): Versions {
  const text = textOf(span)
  const found = text.match(kubernetesPart)
  const own = part(span, 0, found?.index ?? text.length)
  requireVersion(own, 'the version')
  const version = withFlavor ? textOf(own) : withPlus(textOf(own), like?.version)
  if (!found) return { version }
  const [whole, distribution = '', dash] = found
  const behind = part(span, (found.index ?? 0) + whole.length, text.length)
  requireVersion(behind, `the version of ${distribution}`)
  const kubernetes: Kubernetes = { distribution, version: withOwnBuild(textOf(behind), distribution) }
  const spelling: Spelling = {
    ...(dash ? { dashedKubernetes: true } : {}),
    ...(withFlavor && kubernetes.version !== textOf(behind) ? { escapedKubernetes: true } : {}),
  }
  return { version, kubernetes, ...(Object.keys(spelling).length === 0 ? {} : { spelling }) }
}

/** The build of a Kubernetes begins with its distribution: `v1.30.2-k3s1` was `v1.30.2+k3s1`. */
function withOwnBuild(text: string, distribution: string): string {
  const at = text.lastIndexOf(`-${distribution}`)
  return at < 0 || text.includes('+') ? text : `${text.slice(0, at)}+${text.slice(at + 1)}`
}

/**
 * A tag cannot have a `+`, so `v1.0.0-build5` may have been `v1.0.0+build5`. It was, where the version of the same family has a
 * build of the same kind.
 */
function withPlus(text: string, sample: string | undefined): string {
  // `build` of `+build.5`, nothing of `+5`.
  const kind = sample?.match(/\+(.*?)[\d.]*$/)?.[1]
  if (kind === undefined) return text
  const at = text.lastIndexOf(`-${kind}`)
  const number = text.slice(at + 1 + kind.length)
  return at > 0 && /^[\d.]*$/.test(number) ? `${text.slice(0, at)}+${text.slice(at + 1)}` : text
}

function requireVersion(span: Span, what: string): void {
  const text = textOf(span)
  const other = text.match(/-([a-z]\w*?)v\d+\.\d+\.\d/)
  if (other) {
    const at = [span.start + (other.index ?? 0) + 1, span.end] as const
    const hint = `there are ${kubernetesDistributions.join(', ')}`
    throw nameError(span.whole, at, `"${other[1]}" is no Kubernetes that is known`, hint)
  }
  if (parseVersion(text)) return
  const meant = suggestVersion(text)
  const hint = meant
    ? `did you mean ${meant}?`
    : 'a version is v and three numbers: v1.2.3, v1.2.3-rc1, v1.2.3+k3s1'
  throw nameError(span.whole, [span.start + versionStop(text), span.end], `${what} is not one: ${text}`, hint)
}

/** Small letters, digits, and `.`, `_`, `-` between them. */
const word = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/

function requireWord(span: Span, what: string): void {
  const text = textOf(span)
  if (text === '') throw nameError(span.whole, [span.start, span.end], `the ${what} is missing`)
  if (word.test(text)) return
  const fits = text.match(/^[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)?.[0].length ?? 0
  const hint = 'small letters, digits, and . _ - between them'
  throw nameError(span.whole, [span.start + fits, span.end], `"${text}" cannot be a ${what}`, hint)
}

/** Says which of the two known words is wrong, by the one that is right. */
function anchorError(span: Span) {
  const text = textOf(span)
  const arch = text.match(new RegExp(`-(${architectures.join('|')})(?=-|$)`))
  const variant = text.match(new RegExp(`(?:^|-)(${variants.join('|')})-([^-]*)`))
  const older = variant?.index === 0 || variant?.index === undefined ? text.startsWith('core-') : false
  const hint = older ? 'names before v2.4.2 had another order of parts' : undefined
  if (arch) {
    const end = arch.index ?? 0
    const start = text.lastIndexOf('-', end - 1) + 1
    return nameError(
      span.whole,
      [span.start + start, span.start + end],
      `"${text.slice(start, end)}" is no variant`,
      hint ?? `a variant is one of ${variants.join(', ')}`,
    )
  }
  if (variant) {
    const [whole, , given = ''] = variant
    const end = (variant.index ?? 0) + whole.length
    const meant = foreignNames[given] ?? suggest(given, architectures)
    return nameError(
      span.whole,
      [span.start + end - given.length, span.start + end],
      `"${given}" is no architecture`,
      hint ?? (meant ? `did you mean ${meant}?` : `an architecture is one of ${architectures.join(', ')}`),
    )
  }
  return nameError(
    span.whole,
    [span.start, span.end],
    'there are no variant and architecture in it',
    '<flavor>-<release>-<variant>-<arch>-<device>-<version>, as in debian-13-core-amd64-generic-v1.0.0',
  )
}

/** As the kernel and others say it. */
const foreignNames: Readonly<Record<string, Architecture>> = {
  x86_64: 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  armv8: 'arm64',
}

function noVersionError(tail: Span) {
  const text = textOf(tail)
  const bare = text.match(/-(\d[^-]*(?:-.*)?)$/)
  if (bare?.[1] === undefined) {
    return nameError(tail.whole, [tail.end, tail.end], 'a device and a version are wanted: -generic-v1.2.3')
  }
  const start = tail.start + (bare.index ?? 0) + 1
  const meant = suggestVersion(bare[1])
  return nameError(
    tail.whole,
    [start, tail.end],
    `the version is not one: ${bare[1]}`,
    meant ? `did you mean ${meant}?` : 'a version begins with v: v1.2.3',
  )
}

function textOf({ whole, start, end }: Span): string {
  return whole.slice(start, end)
}

/** @param from, to offsets in the span */
function part({ whole, start, end }: Span, from: number, to: number): Span {
  return { whole, start: Math.min(start + from, end), end: Math.min(start + to, end) }
}
