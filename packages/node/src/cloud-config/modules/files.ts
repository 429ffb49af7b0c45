import type { DirectoryConfig, FileConfig } from '@kiln/contract/cloud-config/schema/modules/files'
import type { FileOperation, Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'

const defaultMode = 0o644

export function planDirectories(directories: readonly DirectoryConfig[]): Operation[] {
  return directories.map(({ path, permissions, ...ownership }) => ({
    kind: 'directory',
    path,
    mode: permissions,
    ownership,
  }))
}

/** Without `permissions` the mode is 0644 (the field gives 0000). Content is a template unless it is encoded. */
export function planFiles(files: readonly FileConfig[], context: PlanContext): Operation[] {
  return files.flatMap(({ path, content = '', encoding = '', permissions, ...ownership }) => {
    const file = { kind: 'file', path, mode: permissions ?? defaultMode, ownership } as const
    if (encoding !== '') return [{ ...file, content, encoding: encodingOf(encoding) }]
    return withText(context, path, content, (text) => ({ ...file, content: text, encoding: 'plain' }))
  })
}

function encodingOf(encoding: string): FileOperation['encoding'] {
  return encoding.startsWith('gz') ? 'gzip+base64' : 'base64'
}

/** A text file that belongs to root, as modules write them. */
export function systemFile(path: string, content: string): FileOperation {
  return { kind: 'file', path, content, encoding: 'plain', mode: defaultMode, ownership: {} }
}
