import { MiB, sizeText } from './bytes.ts'

/** One line of the sum that makes a disk's smallest size. */
export interface DiskTerm {
  readonly what: string
  readonly bytes: number
  readonly why: string
}

/** What is wrong with a request for a disk. Sizes in bytes. */
export type DiskProblem =
  | {
      readonly kind: 'too-small'
      readonly needed: number
      readonly available: number
      readonly explanation: readonly DiskTerm[]
    }
  | {
      readonly kind: 'size-below-minimum'
      readonly partition: string
      readonly asked: number
      readonly least: number
      readonly why: string
    }
  | { readonly kind: 'bad-request'; readonly subject: string; readonly why: string }

/** A disk that cannot be laid out as asked. Expected: the caller turns it into an error of its own kind. */
export class DiskError extends Error {
  readonly problem: DiskProblem

  constructor(problem: DiskProblem) {
    super(describe(problem))
    this.name = 'DiskError'
    this.problem = problem
  }
}

function describe(problem: DiskProblem): string {
  switch (problem.kind) {
    case 'too-small': {
      const { needed, available, explanation } = problem
      const sum = explanation.map(({ what, bytes }) => `${what} ${sizeText(bytes)}`).join(' + ')
      return `the disk has ${sizeText(available)} and ${sizeText(needed)} are needed (${needed - available} bytes more): ${sum}`
    }
    case 'size-below-minimum': {
      const { partition, asked, least, why } = problem
      // In MiB, however large, so that the two differ to the eye.
      return `${Math.floor(asked / MiB)} MiB for ${partition} are too little: ${least / MiB} MiB is the least, ${why}`
    }
    case 'bad-request':
      return `${problem.subject} ${problem.why}`
  }
}
