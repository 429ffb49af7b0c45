import { imageName, isKilnError, parseName } from '@kiln/contract'
import * as z from 'zod'

const Spdx = z.object({ spdxVersion: z.string(), name: z.string() })
const CycloneDx = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.object({ component: z.object({ name: z.string() }) }),
})

/**
 * Why an SBOM is not one of an image: it is about another one, or no SBOM. Documents of other tools, which have names of their
 * own, are taken as they are.
 * @param image `debian-13-core-amd64-generic-v1.0.0`
 */
export function sbomProblem(text: string, image: string): string | undefined {
  const subject = subjectOf(text)
  if (subject === undefined) return 'it is neither an SPDX nor a CycloneDX document in JSON'
  const named = imageOf(subject)
  return named === undefined || named === image ? undefined : `it is about ${named}`
}

function subjectOf(text: string): string | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return undefined
  }
  const spdx = Spdx.safeParse(document)
  if (spdx.success) return spdx.data.name
  const cycloneDx = CycloneDx.safeParse(document)
  return cycloneDx.success ? cycloneDx.data.metadata.component.name : undefined
}

function imageOf(name: string): string | undefined {
  try {
    return imageName(parseName(name, { kind: 'file' }).image)
  } catch (error) {
    if (isKilnError(error)) return undefined
    throw error
  }
}
