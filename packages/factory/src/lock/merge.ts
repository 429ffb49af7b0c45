import type { Lock } from './lock.ts'

/** What the lock was before, with what a build took now. A build of some images leaves the sets of the others in it. */
export function mergeLocks(before: Lock | undefined, taken: Lock): Lock {
  return {
    ...taken,
    sets: { ...before?.sets, ...taken.sets },
    bases: { ...before?.bases, ...taken.bases },
    ...withImages({ ...before?.images, ...taken.images }),
  }
}

/** Nothing where there are none, so that locks without a bundle stay as they are. */
export function withImages(images: Readonly<Record<string, string>>): Pick<Lock, 'images'> {
  return Object.keys(images).length === 0 ? {} : { images: { ...images } }
}

/** The architectures for which the lock has a root of tools: sets called `<tools>/<architecture>/base` and `/all`. */
export function toolArchitectures(lock: Lock | undefined, tools: string): string[] {
  const found = Object.keys(lock?.sets ?? {}).flatMap((name) => {
    const [first, arch, part] = name.split('/')
    return first === tools && arch !== undefined && part !== undefined ? [arch] : []
  })
  return [...new Set(found)]
}
