import { KilnError } from './error.ts'
import { type NameKind, parseName, printName } from './name-parse.ts'
import type { ImageIdentity } from './names.ts'

/** A name to form. */
export interface WantedName {
  readonly kind: NameKind
  readonly image: ImageIdentity
  /** Of a file or a tag: `.iso`, `-img`. */
  readonly ending?: string
  /** Of a reference: `quay.io/kairos`. */
  readonly registry?: string
}

const parts = ['flavor', 'flavorRelease', 'variant', 'arch', 'device', 'version'] as const

/**
 * Forms a name that can be read back: each part is one, and no other image has the same name.
 * @throws KilnError E-NAME
 */
export function formName({ kind, image, ending = '', registry }: WantedName): string {
  const empty = parts.find((name) => image[name] === '' && !(name === 'flavor' && kind === 'tag'))
  if (empty !== undefined) throw new KilnError('E-NAME', `${partNames[empty]} is empty`)
  requireKubernetesFits(image)
  const text = printName({
    kind,
    image,
    ending,
    companions: [],
    ...(registry === undefined ? {} : { registry }),
  })
  const read = parseName(text, { kind, like: image })
  const differs = differingParts(image, read.image)
  if (read.ending + read.companions.join('') !== ending) differs.push('ending')
  if (kind !== 'tag' && kind !== 'reference') differs.push(...readAlone(text, kind, image))
  const [first] = differs
  if (first === undefined) return text
  const others = [...new Set(differs)].join(', ')
  throw new KilnError('E-NAME', `"${text}" would be read as another image: its ${others} would differ`, {
    hint: 'choose parts that look like no other part: no variant and architecture in a release, no -v1 in a device',
  })
}

/** Without knowing the image, as others read it. */
function readAlone(text: string, kind: NameKind, image: ImageIdentity): string[] {
  try {
    return differingParts(image, parseName(text, { kind }).image)
  } catch (error) {
    if (error instanceof KilnError) return ['flavor']
    throw error
  }
}

function requireKubernetesFits({ variant, kubernetes }: ImageIdentity): void {
  if (!kubernetes) return
  if (variant === 'core') {
    throw new KilnError('E-NAME', 'an image with Kubernetes is no core image', {
      hint: 'its variant is standard',
    })
  }
  const empty =
    kubernetes.distribution === '' ? 'distribution' : kubernetes.version === '' ? 'version' : undefined
  if (empty === undefined) return
  throw new KilnError('E-NAME', `the ${empty} of Kubernetes is empty`, {
    hint: 'both are wanted: k3s and v1.30.2+k3s1',
  })
}

export const partNames = {
  flavor: 'the flavor',
  flavorRelease: 'the release of the distribution',
  variant: 'the variant',
  arch: 'the architecture',
  device: 'the device',
  version: 'the version',
} as const satisfies Record<(typeof parts)[number], string>

/** Names of the parts in which two images differ. A flavor that is not known differs from none. */
export function differingParts(a: ImageIdentity, b: ImageIdentity): string[] {
  const differing: string[] = parts.filter(
    (name) => a[name] !== b[name] && !(name === 'flavor' && (a.flavor === '' || b.flavor === '')),
  )
  const [one, other] = [a.kubernetes, b.kubernetes]
  if (one?.distribution !== other?.distribution) return [...differing, 'kubernetes']
  return one?.version === other?.version ? differing : [...differing, 'kubernetesVersion']
}
