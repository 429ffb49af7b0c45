import { imageName } from '@kiln/contract'
import type { ResolvedImage } from '../resolve/resolve.ts'

/** Id of a step of an image, by which its result is found: `debian-13-core-amd64-generic-v0.1.0/iso`. */
export function stepId(image: ResolvedImage, what: string): string {
  return `${imageName(image.identity)}/${what}`
}
