import {
  type ImageIdentity,
  type ImageReference,
  imageReferenceText,
  listUpgrades,
  parseImageReference,
  parseVersion,
  releaseIdentity,
  type Upgrade,
} from '@kiln/contract'
import { AgentError } from '../agent-error.ts'
import { nodeConfig } from '../cloud-config/gather.ts'
import type { Host } from '../host/host.ts'
import { loadRecord, type Node, openNode } from '../lifecycle/node.ts'
import { readRelease } from '../release-file.ts'
import { nodeSourceOptions } from '../source/node-options.ts'
import { openImages } from '../source/open.ts'
import { parseSource } from '../source/reference.ts'
import type { UpgradeArguments } from './options.ts'

/** `kiln-agent upgrade list`. @returns the exit code. @throws AgentError, SourceError */
export function printUpgrades(host: Host, { flags, values, words }: UpgradeArguments): number {
  const release = readRelease(host)
  const repository = repositoryOf(host, values['--registry'] ?? words[1], release)
  const image = runningImage(release)
  const options = nodeSourceOptions(host, { allowInsecure: flags.has('--allow-insecure-registries') })
  const tags = openImages(host, repository, options).tags()
  const { offered } = listUpgrades(image, tags, { pre: flags.has('--pre'), all: flags.has('--all') })
  const references = offered.map((upgrade) => ({
    ...described(upgrade),
    reference: `oci:${imageReferenceText({ ...repository, tag: upgrade.text })}`,
  }))
  if (flags.has('--json') || values['--output'] === 'json') {
    const result = { schema: 'kiln.upgrade-list/v1', current: image, versions: references }
    host.print(`${JSON.stringify(result, undefined, 2)}\n`)
  } else if (references.length === 0) {
    const place = `${repository.registry}/${repository.repository}`
    host.print(
      parseVersion(image.version)
        ? `nothing newer than ${image.version} in ${place}\n`
        : `${image.version} is no version that others can be compared with; --all lists all in ${place}\n`,
    )
  } else host.print(references.map(({ reference }) => `${reference}\n`).join(''))
  return 0
}

function described({ text, image, prerelease }: Upgrade) {
  const { version, kubernetes } = image
  return { tag: text, version, ...(kubernetes ? { software: kubernetes.version } : {}), prerelease }
}

/** @throws AgentError not-allowed */
function runningImage(release: Readonly<Record<string, string>>): ImageIdentity {
  const identity = releaseIdentity(release)
  if ('image' in identity) return identity.image
  throw new AgentError(
    'not-allowed',
    `/etc/kairos-release does not say what this image is: ${identity.missing.join(', ')}.`,
  )
}

/**
 * Where this image comes from: what was named (a repository, or as in the field the part before the flavor), the source of
 * the running generation, the one that a cloud-config names.
 * @throws AgentError no-source
 */
function repositoryOf(
  host: Host,
  named: string | undefined,
  release: Readonly<Record<string, string>>,
): ImageReference {
  if (named !== undefined) return namedRepository(named, release.KAIROS_FLAVOR ?? '')
  const config = nodeConfig(host).config.upgrade?.system
  const candidates = [runningSource(host), config?.source ?? config?.uri]
  for (const text of candidates) {
    const reference = text === undefined ? undefined : parseSource(text)
    if (reference?.kind === 'oci') return withoutTag(reference.image)
  }
  throw new AgentError(
    'no-source',
    'It is not known from which registry this system came; name it with --registry.',
  )
}

/** With a tag, or with the flavor as its last part, it is the repository; else the part before it. */
function namedRepository(text: string, flavor: string): ImageReference {
  const plain = text.replace(/^(oci|docker):(\/\/)?/, '').replace(/\/$/, '')
  const isWhole = parseImageReference(plain)?.tag !== undefined || plain.endsWith(`/${flavor}`)
  const image = parseImageReference(isWhole ? plain : `${plain}/${flavor}`)
  if (image) return withoutTag(image)
  throw new AgentError('no-source', `"${plain}" is no registry and name.`)
}

function withoutTag(image: ImageReference): ImageReference {
  return { ...image, tag: undefined, digest: undefined }
}

/** A generation made by rolling back names the one that it was made from. */
function runningSource(host: Host): string | undefined {
  const node = openNodeOrNone(host)
  if (!node) return undefined
  const { generations } = loadRecord(node)
  const same = generations.filter(({ slot }) => slot === node.running.slot)
  return same.map(({ source }) => source).find((source) => /^(oci|docker):/.test(source))
}

/** On a live medium there is no record, but --registry works all the same. */
function openNodeOrNone(host: Host): Node | undefined {
  try {
    return openNode(host)
  } catch (error) {
    if (error instanceof AgentError) return undefined
    throw error
  }
}
