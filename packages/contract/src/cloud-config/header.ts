export const headers = ['#cloud-config', '#kairos-config', '#node-config'] as const
export const headerLines = 10

/** Whether one of the first ten lines says that this is a cloud-config. */
export function hasHeader(text: string): boolean {
  return text
    .split('\n', headerLines)
    .some((line) => headers.some((header) => line.trimEnd() === header || line.startsWith(`${header} `)))
}
