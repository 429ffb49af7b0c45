import type { Handler } from './http.ts'

/** A file that is given out under its own name. */
export interface PublishedFile {
  readonly file: string
  /** Bytes. */
  readonly size: number
  /** Modification time, to tell a changed file. */
  readonly tag: string
}

/** Files at `/artifacts/<name>`, and a list of them at `/artifacts/`. Nothing that is not in the list can be asked for. */
export function artifacts(files: ReadonlyMap<string, PublishedFile>): Handler {
  return ({ path, method }) => {
    const [, name] = path.match(/^\/artifacts\/(.*)$/) ?? []
    if (name === undefined) return undefined
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' } }
    if (name === '') {
      const list = [...files].map(([each, { size }]) => ({ name: each, size }))
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(list) }
    }
    const found = files.get(name)
    if (!found) return { status: 404 }
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: found }
  }
}
