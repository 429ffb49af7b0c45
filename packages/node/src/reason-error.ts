/** What a person is told of a reason. */
export interface ReasonFacts {
  readonly title: string
  /** What the person who runs the command, or stands in front of the machine, can do. */
  readonly advice: string
}

/** A failure with a reason out of a fixed set, which is printed, stored and searched for. */
export class ReasonError<Reason extends string> extends Error {
  readonly reason: Reason
  readonly title: string
  readonly advice: string

  constructor(facts: Readonly<Record<Reason, ReasonFacts>>, reason: Reason, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause })
    this.reason = reason
    this.title = facts[reason].title
    this.advice = facts[reason].advice
  }
}
