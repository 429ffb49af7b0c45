/** One installed package, as the archive describes it. Stored in packages.json, sorted by name and architecture. */
export interface PackageRecord {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Hash of the package file, 64 hex digits; missing for the package that Kiln itself makes. */
  readonly sha256?: string
  /** Where the file is, relative to its archive. */
  readonly file?: string
}

/** Parses the paragraphs that `apt-cache show` prints (deb822: `Field: value`, continuation lines indented). */
export function parsePackageRecords(text: string): PackageRecord[] {
  const records = text.split(/\n{2,}/).flatMap((paragraph): PackageRecord[] => {
    const fields = parseFields(paragraph)
    const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((key) => fields.get(key))
    if (!name || !version || !architecture) return []
    const [sha256, file] = ['SHA256', 'Filename'].map((key) => fields.get(key))
    return [{ name, version, architecture, ...(sha256 ? { sha256 } : {}), ...(file ? { file } : {}) }]
  })
  const byIdentity = new Map(
    records.map((record) => [`${record.name}\0${record.architecture}\0${record.version}`, record]),
  )
  return [...byIdentity.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record)
}

function parseFields(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of paragraph.split('\n')) {
    const field = line.match(/^([A-Za-z0-9-]+):\s*(.*)$/)
    if (field?.[1] !== undefined && field[2] !== undefined) fields.set(field[1], field[2])
  }
  return fields
}
