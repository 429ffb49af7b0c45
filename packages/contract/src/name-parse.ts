import { imageTagPattern, parseImageReference } from './image-reference.ts'
import { endingText, fileEnding, fileEndings, tagEnding } from './name-endings.ts'
import { nameError } from './name-error.ts'
import { type NameFamily, readImage, releaseStart, type Spelling } from './name-parts.ts'
import { artifactName, filePrefix, type ImageIdentity, imageName, imageTag } from './names.ts'
import { suggest } from './suggest.ts'

/**
 * `name`: debian-13-core-…; `file`: kairos-debian-13-core-….iso; `tag`: 13-core-…; `reference`: quay.io/kairos/debian:13-core-….
 */
export const nameKinds = ['name', 'file', 'tag', 'reference'] as const
export type NameKind = (typeof nameKinds)[number]

/** A name that was read. `printName` gives its text back, to the letter. */
export interface ParsedName {
  readonly kind: NameKind
  /** In a tag alone, the flavor is that of `like`, or empty: it stands in the name of the repository. */
  readonly image: ImageIdentity
  /** `.iso`, `-uki.iso`, `-img`; empty where there is none. */
  readonly ending: string
  /** What it is of the file or image before them: `.sha256`, `.sig` … in their order. */
  readonly companions: readonly string[]
  /** `quay.io/kairos`, of a reference. */
  readonly registry?: string
  readonly digest?: string
  /** Where the text is not the one that Kiln forms. */
  readonly spelling?: Spelling
}

export interface ReadNameOptions {
  /** Default: what it looks like. */
  readonly kind?: NameKind
  readonly like?: NameFamily | undefined
}

/** @throws KilnError E-NAME, with the place in the text */
export function parseName(text: string, options: ReadNameOptions = {}): ParsedName {
  const kind = options.kind ?? kindOf(text, options.like?.flavor)
  switch (kind) {
    case 'file':
      return parseFile(text, options)
    case 'name': {
      const read = readImage({ whole: text, start: 0, end: text.length }, { ...options, withFlavor: true })
      return { kind, ending: '', companions: [], ...read }
    }
    case 'tag':
      return { kind, ...parseTagPart(text, 0, text.length, options) }
    case 'reference':
      return parseReference(text, options)
  }
}

function kindOf(text: string, flavor: string | undefined): NameKind {
  if (/[/:@]/.test(text)) return 'reference'
  if (text.startsWith(filePrefix)) return 'file'
  if (flavor && text.startsWith(`${flavor}-`)) return 'name'
  const [head = ''] = text.split(/-(?:core|standard)-/)
  return releaseStart.test(head) || !head.includes('-') ? 'tag' : 'name'
}

function parseFile(text: string, options: ReadNameOptions): ParsedName {
  if (!text.startsWith(filePrefix)) {
    throw nameError(text, [0, text.length], `names of files begin with ${filePrefix}`)
  }
  const { at, carrier, companions } = fileEnding(text)
  const unknown = carrier === '' && companions.length === 0 ? text.match(/\.[A-Za-z]\w*$/) : undefined
  if (unknown) {
    const [ending] = unknown
    const meant = suggest(ending, fileEndings)
    const hint = meant ? `did you mean "${meant}"?` : 'docs/names.md has those that there are'
    throw nameError(text, [unknown.index ?? 0, text.length], `"${ending}" is no ending of a file`, hint)
  }
  const read = readImage({ whole: text, start: filePrefix.length, end: at }, { ...options, withFlavor: true })
  return { kind: 'file', ending: carrier, companions, ...read }
}

/** Tag alone, or the part of a reference that is the tag. */
function parseTagPart(text: string, start: number, end: number, options: ReadNameOptions) {
  const tag = text.slice(start, end)
  const { at, carrier, companions } = tagEnding(tag)
  if (/^sha256-[0-9a-f]{64}/.test(tag)) {
    const what = endingText({ carrier, companions }, 'tag') ?? 'something'
    throw nameError(text, [start, end], `this is the ${what} of an image with this digest, and no image`)
  }
  requireTagCharacters(text, start, end)
  if (tag.length > 128) throw nameError(text, [start + 128, end], 'a tag has at most 128 characters')
  if (!new RegExp(`^${imageTagPattern}$`).test(tag)) {
    throw nameError(text, [start, start + 1], 'a tag begins with a letter, a digit or _')
  }
  const read = readImage({ whole: text, start, end: start + at }, { ...options, withFlavor: false })
  return { ending: carrier, companions, ...read }
}

/** @throws KilnError E-NAME */
function requireTagCharacters(text: string, start: number, end: number): void {
  const at = text.slice(start, end).search(/[^\w.-]/) + start
  if (at < start) return
  const hint = text[at] === '+' ? 'in a tag, a + is written as -' : undefined
  throw nameError(text, [at, at + 1], `"${text[at]}" cannot be in a tag`, hint)
}

function parseReference(text: string, options: ReadNameOptions): ParsedName {
  const [scheme = ''] = text.match(/^(?:oci|docker):(?:\/\/)?/) ?? []
  const rest = text.slice(scheme.length)
  if (!parseImageReference(rest)) {
    const [tag = ''] = rest.match(/(?<=:)[^/:@]*$/) ?? []
    requireTagCharacters(text, text.length - tag.length, text.length)
    throw nameError(text, [scheme.length, text.length], 'this is no name of an image in a registry')
  }
  const [, registry = '', flavor = '', tag, digest] =
    rest.match(/^(?:(.*)\/)?([^/:@]+)(?::([^/:@]+))?(?:@(.*))?$/) ?? []
  if (tag === undefined) throw nameError(text, [text.length, text.length], 'there is no tag')
  const start = scheme.length + rest.indexOf(`${flavor}:${tag}`, registry.length) + flavor.length + 1
  const like = { version: '', ...options.like, flavor }
  const { spelling, ...read } = parseTagPart(text, start, start + tag.length, { ...options, like })
  const spelled = { ...(scheme === '' ? {} : { scheme }), ...spelling }
  return {
    kind: 'reference',
    ...read,
    registry,
    ...(digest === undefined ? {} : { digest }),
    ...(Object.keys(spelled).length === 0 ? {} : { spelling: spelled }),
  }
}

/** The text of a name, as it was read. */
export function printName(name: ParsedName): string {
  const { kind, image, ending, companions, spelling = {} } = name
  const behind = `${ending}${companions.join('')}`
  switch (kind) {
    case 'name':
      return spelled(imageName(image), image, spelling)
    case 'file':
      return `${spelled(artifactName(image, ''), image, spelling)}${behind}`
    case 'tag':
      return `${spelled(imageTag(image), image, spelling)}${behind}`
    case 'reference': {
      const { registry = '', digest } = name
      const place = [...(registry === '' ? [] : [registry]), image.flavor].join('/')
      const tag = `${spelled(imageTag(image), image, spelling)}${behind}`
      return `${spelling.scheme ?? ''}${place}:${tag}${digest === undefined ? '' : `@${digest}`}`
    }
  }
}

/** Kubernetes stands at the end of a name. */
function spelled(text: string, { kubernetes }: ImageIdentity, spelling: Spelling): string {
  if (!kubernetes) return text
  const { distribution, version } = kubernetes
  const before = text.slice(0, -(distribution.length + version.length))
  const own = text.slice(-version.length)
  const shown = spelling.escapedKubernetes ? own.replaceAll('+', '-') : own
  return `${before}${distribution}${spelling.dashedKubernetes ? '-' : ''}${shown}`
}
