/** What a machine-readable `debian/copyright` says of licences (its format: Debian's copyright-format 1.0). */
export interface CopyrightFile {
  /** The licences of files, as they are written, each once: `GPL-2+ or Artistic`. */
  readonly licences: readonly string[]
  /** Short name → text, where the file has it. */
  readonly texts: ReadonlyMap<string, string>
}

/** @returns undefined where the file is free prose: nothing is guessed out of that */
export function parseCopyright(content: string): CopyrightFile | undefined {
  const paragraphs = content.replaceAll('\r\n', '\n').split(/\n\s*\n/)
  const header = paragraphs[0] ?? ''
  if (!/^Format(?:-Specification)?:\s*\S*copyright-format/im.test(header)) return undefined
  const licences = new Set<string>()
  const texts = new Map<string, string>()
  for (const paragraph of paragraphs) {
    const licence = licenceOf(paragraph)
    if (!licence) continue
    if (/^Files:/m.test(paragraph) || paragraph === header) licences.add(licence.name)
    if (licence.text && !texts.has(licence.name)) texts.set(licence.name, licence.text)
  }
  return { licences: [...licences], texts }
}

/** The field's first line is the name; lines that begin with a blank go on with the text, where one dot is an empty line. */
function licenceOf(paragraph: string): { readonly name: string; readonly text: string } | undefined {
  const lines = paragraph.split('\n')
  const start = lines.findIndex((line) => /^License:/i.test(line))
  if (start < 0) return undefined
  const name = (lines[start] ?? '')
    .replace(/^License:/i, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (!name) return undefined
  const rest = lines.slice(start + 1)
  const end = rest.findIndex((line) => !/^[ \t]/.test(line))
  const text = rest
    .slice(0, end < 0 ? undefined : end)
    .map((line) => (line.trim() === '.' ? '' : line.trim()))
  return { name, text: text.join('\n').trim() }
}
