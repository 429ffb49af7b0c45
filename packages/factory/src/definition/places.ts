import { errorFromFindings, type Finding, imageName, isKilnError, type KilnError } from '@kiln/contract'
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
  if (error.code === 'E-KERNEL-MISSING' || error.code === 'E-KERNEL-MODULE-MISSING') {
    const [image] = images
    if (image === undefined) return error
    return placed(error, [finding(error, error.message, definition, ['images', image, 'kernel'])])
  }
  if (error.code !== 'E-PACKAGE-UNKNOWN') return error
  return placed(
    error,
    images.flatMap((image) => packageFindings(error, definition, image)),
  )
}

function packageFindings(error: KilnError, definition: LoadedDefinition, image: number): Finding[] {
  return error.subjects.flatMap((name) => {
    const path = packagePath(name, definition, image)
    const message = `the archive has no package "${name}"`
    return path ? [finding(error, message, definition, path)] : []
  })
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

function packagePath(name: string, definition: LoadedDefinition, image: number): PropertyKey[] | undefined {
  const { kernel, packages } = definition.images[image] ?? {}
  if (kernel?.package === name) return ['images', image, 'kernel', 'package']
  const index = packages?.add.indexOf(name) ?? -1
  return index < 0 ? undefined : ['images', image, 'packages', 'add', index]
}

function placed(error: KilnError, [first, ...rest]: Finding[]): KilnError {
  return first ? errorFromFindings([first, ...rest]) : error
}
