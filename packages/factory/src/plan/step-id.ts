import { imageName } from '@kiln/contract'
import type { ResolvedImage } from '../resolve/resolve.ts'

/** Id of the step that makes a part or an artifact of an image: `debian-13-core-amd64-generic-v0.1.0/iso`. */
export function stepId({ identity }: Pick<ResolvedImage, 'identity'>, what: string): string {
  return `${imageName(identity)}/${what}`
}
