import { type ErrorCode, type Finding, imageName, isKilnError, KilnError } from '@kiln/contract'
import type { LoadedDefinition } from './load.ts'

/**
 * Some errors show only deep in a build: a package that the archive lacks, a root without a kernel. This finds the line of
 * the definition that asked for it. An error that has its place, or for which there is none, comes back as it is.
 * @param step id of the step that failed, which begins with the name of its image; undefined before there are steps
 */
export function withPlace(error: unknown, definition: LoadedDefinition, step?: string): unknown {
  if (!isKilnError(error) || error.place) return error
  const images = definition.images
    .map(({ identity }, index) => ({ index, prefix: `${imageName(identity)}/` }))
    .filter(({ prefix }) => step === undefined || step.startsWith(prefix))
    .map(({ index }) => index)
  switch (error.code) {
    case 'E-KERNEL-MISSING':
    case 'E-KERNEL-MODULE-MISSING':
      return placed(error, imageFindings(error, definition, images, ['kernel']))
    case 'E-PACKAGE-UNKNOWN':
      return placed(
        error,
        packageFindings(error, definition, images, (name) => `the archive has no package "${name}"`),
      )
    case 'E-PACKAGE-REQUIRED':
      return placed(
        error,
        packageFindings(error, definition, images, () => error.message),
      )
    case 'E-PACKAGE-UNSATISFIABLE':
      // The first is the one that wants; the others only stand in its way.
      return placed(error, packageFindings(error, definition, images, () => error.message).slice(0, 1))
    case 'E-DISK-LAYOUT':
      return placed(error, imageFindings(error, definition, images, ['disk']))
    case 'E-UKI-SIZE':
      return placed(error, imageFindings(error, definition, images, ['uki', 'budget']))
    default:
      return error
  }
}

/** At a key of the first of the images. */
function imageFindings(
  error: KilnError,
  definition: LoadedDefinition,
  images: readonly number[],
  key: readonly PropertyKey[],
): Finding[] {
  const [image] = images
  return image === undefined ? [] : [finding(error, error.message, definition, ['images', image, ...key])]
}

/** In the order of the subjects, which is that of their weight. */
function packageFindings(
  error: KilnError,
  definition: LoadedDefinition,
  images: readonly number[],
  messageOf: (name: string) => string,
): Finding[] {
  return error.subjects.flatMap((name) =>
    images.flatMap((image) => {
      const path = packagePath(error.code, name, definition, image)
      return path ? [finding(error, messageOf(name), definition, path)] : []
    }),
  )
}

function finding(
  error: KilnError,
  message: string,
  definition: LoadedDefinition,
  path: PropertyKey[],
): Finding {
  const { code, hint } = error
  return { code, message, place: definition.placeOf(path), ...(hint ? { hint } : {}) }
}

function packagePath(
  code: ErrorCode,
  name: string,
  definition: LoadedDefinition,
  image: number,
): PropertyKey[] | undefined {
  const { kernel, packages } = definition.images[image] ?? {}
  const isLeftOut = code === 'E-PACKAGE-REQUIRED'
  if (!isLeftOut && kernel?.package === name) return ['images', image, 'kernel', 'package']
  for (const list of isLeftOut ? (['remove'] as const) : (['add', 'remove'] as const)) {
    const index = packages?.[list].indexOf(name) ?? -1
    if (index >= 0) return ['images', image, 'packages', list, index]
  }
  return undefined
}

function placed(error: KilnError, findings: readonly Finding[]): KilnError {
  const [first] = findings
  if (!first) return error
  const { hint, output, subjects, cause } = error
  return new KilnError(first.code, first.message, {
    place: first.place,
    hint,
    findings,
    output,
    subjects,
    cause,
  })
}
