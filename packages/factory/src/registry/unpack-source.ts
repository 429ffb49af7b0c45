import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { KilnError } from '@kiln/contract'
import type { ImageSource } from '../bases/image.ts'
import { parseBase } from '../bases/source.ts'
import { readReference } from './target.ts'

/**
 * An image by any of the names that people give it: a name in a registry, with or without `oci:` or `docker:`, or what lies on
 * this machine (`oci-layout:FOLDER[:TAG]`, `oci-archive:FILE`, `docker-archive:FILE`; `ocifile:PATH` as the field writes it).
 * @throws KilnError E-USAGE, E-IMAGE-MISSING for a path where nothing is
 */
export function unpackSource(text: string, folder = process.cwd()): ImageSource {
  const [, scheme = '', rest = ''] = text.match(/^([a-z-]+):(?!\/\/)(.+)$/) ?? []
  if (scheme === 'oci-layout' || scheme === 'docker-archive') {
    const source = parseBase(text, folder)
    if (source.kind === 'oci-layout') return { ...source, folder: there(source.folder) }
    if (source.kind === 'docker-archive') return { ...source, file: there(source.file) }
  }
  if (scheme === 'oci-archive') return { kind: 'oci-archive', file: there(resolve(folder, rest)) }
  if (scheme === 'ocifile' || scheme === 'file') return fromPath(resolve(folder, rest))
  const { registry, repository, tag, digest } = readReference(text)
  const reference = `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`
  return { kind: 'oci', reference }
}

function fromPath(path: string): ImageSource {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return { kind: 'oci-layout', folder: path, tag: undefined }
  if (found?.isFile()) return { kind: 'docker-archive', file: path }
  const [, before = '', tag] = path.match(/^(.+):([A-Za-z0-9_][A-Za-z0-9_.-]*)$/) ?? []
  if (statSync(before || '/nothing', { throwIfNoEntry: false })?.isDirectory()) {
    return { kind: 'oci-layout', folder: before, tag }
  }
  return { kind: 'docker-archive', file: there(path) }
}

function there(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })) return path
  throw new KilnError('E-IMAGE-MISSING', `there is no ${path}`)
}
