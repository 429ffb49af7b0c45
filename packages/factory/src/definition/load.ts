import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import {
  errorFromFindings,
  type ImageIdentity,
  KilnError,
  type ParsedDocument,
  type Place,
  readDocument,
} from '@kiln/contract'
import { Definition, type ImageDefinition, type SecureBootDefinition } from '@kiln/contract/definition'
import { type KnownDistro, semanticFindings } from './check.ts'

/** An image of the definition, with its paths made absolute. */
export type LoadedImage = Omit<ImageDefinition, 'overlay' | 'cloud-config' | 'medium'> & {
  readonly identity: ImageIdentity
  readonly overlay?: string
  readonly cloudConfig?: string
  readonly medium?: string
}

/** A kiln.yaml that was read, validated and found to fit the files around it. */
export interface LoadedDefinition {
  /** As it was given, so that messages name it the way the user does. */
  readonly file: string
  /** Absolute folder of the file; relative paths in it start here. */
  readonly folder: string
  readonly definition: Definition
  readonly images: readonly LoadedImage[]
  /** Where the definition names keys: their absolute folder, and what to do with them. */
  readonly secureBoot?: { readonly folder: string; readonly definition: SecureBootDefinition }
  /** Absolute path of the keyring, where the definition names one. */
  readonly keyring?: string
  placeOf(path: readonly PropertyKey[]): Place
}

export const definitionFileName = 'kiln.yaml'

/**
 * Reads and checks a definition.
 * @param pathOrFolder a kiln.yaml, or the folder that holds one
 * @param knownDistros the distributions that there is data for, with their releases
 * @throws KilnError (E-CONFIG-*, E-DISTRO-UNKNOWN, E-OVERLAY-UNREADABLE, E-CLOUD-CONFIG, E-KEYRING-MISSING) with all findings
 */
export function loadDefinition(pathOrFolder: string, knownDistros: readonly KnownDistro[]): LoadedDefinition {
  const file = definitionFile(pathOrFolder)
  const parsed = readDocument(Definition, readText(file), file)
  if ('findings' in parsed) throw errorFromFindings(parsed.findings)
  const loaded = resolvePaths(file, parsed.document)
  const [first, ...rest] = semanticFindings(loaded, knownDistros)
  if (first) throw errorFromFindings([first, ...rest])
  return loaded
}

function resolvePaths(file: string, document: ParsedDocument<Definition>): LoadedDefinition {
  const folder = dirname(resolve(file))
  const absolute = (path: string) => (isAbsolute(path) ? path : join(folder, path))
  const definition = document.value
  return {
    file,
    folder,
    definition,
    images: definition.images.map(({ overlay, medium, 'cloud-config': cloudConfig, ...image }) => ({
      ...image,
      identity: identityOf(definition, image),
      ...(overlay === undefined ? {} : { overlay: absolute(overlay) }),
      ...(medium === undefined ? {} : { medium: absolute(medium) }),
      ...(cloudConfig === undefined ? {} : { cloudConfig: absolute(cloudConfig) }),
    })),
    ...(definition.secureBoot === undefined
      ? {}
      : {
          secureBoot: { folder: absolute(definition.secureBoot.keys), definition: definition.secureBoot },
        }),
    ...(definition.keyring === undefined ? {} : { keyring: absolute(definition.keyring) }),
    placeOf: (path) => document.placeOf(path),
  }
}

function identityOf(
  definition: Definition,
  image: Pick<ImageDefinition, 'flavor' | 'release' | 'variant' | 'arch' | 'device'>,
): ImageIdentity {
  return {
    flavor: image.flavor,
    flavorRelease: image.release,
    variant: image.variant,
    arch: image.arch,
    device: image.device,
    version: definition.version,
  }
}

/** @throws KilnError E-CONFIG-MISSING */
function definitionFile(pathOrFolder: string): string {
  const stat = statSync(pathOrFolder, { throwIfNoEntry: false })
  if (!stat) {
    throw new KilnError('E-CONFIG-MISSING', `there is no ${pathOrFolder}`, {
      place: { file: pathOrFolder },
      hint: `kiln init ${pathOrFolder.endsWith('.yaml') ? dirname(pathOrFolder) : pathOrFolder}`,
    })
  }
  if (!stat.isDirectory()) return pathOrFolder
  const file = join(pathOrFolder, definitionFileName)
  if (statSync(file, { throwIfNoEntry: false })) return file
  throw new KilnError('E-CONFIG-MISSING', `there is no ${definitionFileName} in ${pathOrFolder}`, {
    place: { file },
    hint: `kiln init ${pathOrFolder} writes a starter`,
  })
}

/** @throws KilnError E-CONFIG-UNREADABLE */
function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const reason = error instanceof TypeError ? 'it is not UTF-8 text' : (error as Error).message
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read: ${reason}`, {
      place: { file },
      cause: error,
    })
  }
}
