/** Name and version of the stream that `--json` prints. Fields may be added to a version; none is taken away. */
export const streamSchema = 'kiln.events/v1'
