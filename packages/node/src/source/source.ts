import type { Payload } from '@kiln/contract'

/** Where a payload comes from, whatever that is. */
export interface PayloadSource {
  /** As the person wrote it, with what was left out. */
  readonly reference: string
  /**
   * The payload's card, and its digest (`sha256:<64 hex>`), which names the payload.
   * @throws SourceError
   */
  describe(): Description
  /**
   * Puts a file of the payload at `target`, and goes on with what an earlier run left beside it. When it returns, the file
   * has the digest that the card names.
   * @param progress bytes
   * @throws SourceError
   */
  fetch(file: string, target: string, progress: Progress): void
}

export interface Description {
  readonly payload: Payload
  readonly digest: string
}

export type Progress = (done: number, total: number) => void
