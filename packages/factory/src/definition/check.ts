import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { type Finding, formatPlace, imageName, isKilnError } from '@kiln/contract'
import { parseBase } from '../bases/source.ts'
import { boardFindings } from './boards.ts'
import { choiceHint } from './choice-hint.ts'
import { cloudConfigFindings } from './cloud-config.ts'
import { diskFindings } from './disk.ts'
import type { LoadedDefinition, LoadedImage } from './load.ts'

/** A distribution that there is data for. */
export interface KnownDistro {
  readonly flavor: string
  readonly releases: readonly string[]
}

/** What the schema cannot know: whether a definition fits the distributions and the files that are there. */
export function semanticFindings(loaded: LoadedDefinition, knownDistros: readonly KnownDistro[]): Finding[] {
  return [
    ...keyringFindings(loaded),
    ...loaded.images.flatMap((image, index) => [
      ...distroFindings(loaded, image, index, knownDistros),
      ...supportFindings(loaded, image, index),
      ...baseFindings(loaded, image, index),
      ...folderFindings(loaded, image, index),
      ...configFindings(loaded, image, index),
      ...boardFindings(loaded, image, index),
      ...diskFindings(loaded, image, index),
    ]),
    ...duplicateFindings(loaded),
  ]
}

function keyringFindings(loaded: LoadedDefinition): Finding[] {
  const problem = loaded.keyring && unreadable(loaded.keyring, 'any')
  if (!problem) return []
  return [
    {
      code: 'E-KEYRING-MISSING',
      message: `the keyring ${loaded.definition.keyring} ${problem}`,
      place: loaded.placeOf(['keyring']),
      hint: 'leave the key out to use the keyrings of this machine',
    },
  ]
}

function distroFindings(
  loaded: LoadedDefinition,
  image: LoadedImage,
  index: number,
  knownDistros: readonly KnownDistro[],
): Finding[] {
  const flavors = knownDistros.map(({ flavor }) => flavor)
  const distro = knownDistros.find(({ flavor }) => flavor === image.flavor)
  if (!distro) {
    return [
      {
        code: 'E-DISTRO-UNKNOWN',
        message: `there is no distribution "${image.flavor}"`,
        place: loaded.placeOf(['images', index, 'flavor']),
        hint: choiceHint(image.flavor, flavors),
      },
    ]
  }
  if (distro.releases.includes(image.release)) return []
  return [
    {
      code: 'E-DISTRO-UNKNOWN',
      message: `${image.flavor} has no release "${image.release}" that is known here`,
      place: loaded.placeOf(['images', index, 'release']),
      hint: choiceHint(image.release, distro.releases),
    },
  ]
}

/** What the schema has words for, and the factory no way to make yet. */
const supported = { arch: ['amd64', 'arm64'], variant: ['core'] } as const

function supportFindings(loaded: LoadedDefinition, image: LoadedImage, index: number): Finding[] {
  return (['arch', 'variant'] as const).flatMap((key): Finding[] => {
    const values: readonly string[] = supported[key]
    if (values.includes(image[key])) return []
    return [
      {
        code: 'E-UNSUPPORTED',
        message: `${key} "${image[key]}" cannot be built yet`,
        place: loaded.placeOf(['images', index, key]),
        hint: `for now: ${values.join(', ')}; see docs/limits.md`,
      },
    ]
  })
}

/** Whether the text can be read; whether the base is there shows when it is fetched. */
function baseFindings(loaded: LoadedDefinition, image: LoadedImage, index: number): Finding[] {
  if (image.base === undefined) return []
  try {
    parseBase(image.base, loaded.folder)
    return []
  } catch (error) {
    if (!isKilnError(error)) throw error
    const { code, message, hint } = error
    return [{ code, message, place: loaded.placeOf(['images', index, 'base']), ...(hint ? { hint } : {}) }]
  }
}

function folderFindings(loaded: LoadedDefinition, image: LoadedImage, index: number): Finding[] {
  return (['overlay', 'medium'] as const).flatMap((key): Finding[] => {
    const problem = image[key] && unreadable(image[key], 'folder')
    if (!problem) return []
    return [
      {
        code: 'E-OVERLAY-UNREADABLE',
        message: `the ${key} ${loaded.definition.images[index]?.[key]} ${problem}`,
        place: loaded.placeOf(['images', index, key]),
        hint: `a path that is not absolute starts at ${loaded.folder}`,
      },
    ]
  })
}

function configFindings(loaded: LoadedDefinition, image: LoadedImage, index: number): Finding[] {
  if (image.cloudConfig === undefined) return []
  const problem = unreadable(image.cloudConfig, 'file')
  if (!problem) return cloudConfigFindings(image.cloudConfig)
  return [
    {
      code: 'E-CLOUD-CONFIG',
      message: `the cloud-config ${loaded.definition.images[index]?.['cloud-config']} ${problem}`,
      place: loaded.placeOf(['images', index, 'cloud-config']),
      hint: `a path that is not absolute starts at ${loaded.folder}`,
    },
  ]
}

/** Two images of one name would overwrite each other's artifacts. */
function duplicateFindings(loaded: LoadedDefinition): Finding[] {
  const firstByName = new Map<string, number>()
  return loaded.images.flatMap(({ identity }, index): Finding[] => {
    const name = imageName(identity)
    const first = firstByName.get(name)
    if (first === undefined) {
      firstByName.set(name, index)
      return []
    }
    return [
      {
        code: 'E-CONFIG-BAD-VALUE',
        message: `images[${index}] has the name ${name}, as images[${first}] at ${formatPlace(loaded.placeOf(['images', first]))}`,
        place: loaded.placeOf(['images', index]),
        hint: 'give them different releases, variants, architectures or devices',
      },
    ]
  })
}

/** What is wrong with a path, as the end of a sentence; undefined where it can be used. */
function unreadable(path: string, kind: 'file' | 'folder' | 'any'): string | undefined {
  try {
    const stat = statSync(path)
    if (kind === 'folder' && !stat.isDirectory()) return 'is not a folder'
    if (kind === 'file' && !stat.isFile()) return 'is not a file'
    if (stat.isDirectory()) readdirSync(path)
    else accessSync(path, constants.R_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist'
    return code === 'EACCES' ? 'cannot be read: permission is denied' : `cannot be read (${code})`
  }
}
