import { ReasonError, type ReasonFacts } from '../../reason-error.ts'

/** Why a data source gave nothing. Recorded; never stops a boot. */
export const dataSourceFacts = {
  'no-answer': {
    title: 'the data source does not answer',
    advice: 'Check that the network is up and that the platform has its metadata service switched on.',
  },
  refused: {
    title: 'the data source refuses',
    advice: 'Check that the platform lets this machine read its own metadata.',
  },
  unreadable: {
    title: 'the data source says what is not understood',
    advice: 'Look at the data that the message names.',
  },
} as const satisfies Record<string, ReasonFacts>

export class DataSourceError extends ReasonError<keyof typeof dataSourceFacts> {
  override readonly name = 'DataSourceError'

  constructor(reason: keyof typeof dataSourceFacts, detail: string, cause?: unknown) {
    super(dataSourceFacts, reason, detail, cause)
  }
}
