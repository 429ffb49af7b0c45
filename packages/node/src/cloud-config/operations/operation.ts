import type { DatasourceConfig, LayoutConfig } from '@kiln/contract/cloud-config/schema/modules/system'
import type { UserConfig } from '@kiln/contract/cloud-config/schema/user'

/**
 * One thing that is done to a machine, as plain data with all templates filled in. `execute.ts` has one function for each
 * kind, `describe.ts` one line of text.
 */
export type Operation =
  | {
      readonly kind: 'directory'
      readonly path: string
      readonly mode: number | undefined
      readonly ownership: Ownership
    }
  | FileOperation
  | { readonly kind: 'environment'; readonly path: string; readonly values: Readonly<Record<string, string>> }
  | DownloadOperation
  | GitOperation
  /** A line for the shell, or a program with its arguments, that a person wrote. */
  | { readonly kind: 'command'; readonly command: Command }
  /** A program that a module needs. */
  | { readonly kind: 'program'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'hostname'; readonly name: string }
  | { readonly kind: 'user'; readonly user: NamedUser }
  | { readonly kind: 'keys'; readonly user: string; readonly keys: readonly string[] }
  | { readonly kind: 'fetch-keys'; readonly user: string; readonly url: string }
  | {
      readonly kind: 'ensure-entity'
      readonly path: string
      readonly fields: readonly string[]
    }
  | {
      readonly kind: 'delete-entity'
      readonly path: string
      readonly fields: readonly string[]
    }
  | { readonly kind: 'kernel-setting'; readonly key: string; readonly value: string }
  | { readonly kind: 'kernel-module'; readonly name: string; readonly parameters: readonly string[] }
  | { readonly kind: 'layout'; readonly layout: LayoutConfig }
  | {
      readonly kind: 'unpack-image'
      readonly source: string
      readonly target: string
      readonly platform: string | undefined
    }
  /** For the boot loader, see lifecycle/command-line.ts. */
  | { readonly kind: 'boot-options'; readonly values: Readonly<Record<string, string>> }
  | BundleOperation
  | { readonly kind: 'datasource'; readonly config: DatasourceConfig }
  /** What cannot be done, and why: always an error, never silence. */
  | { readonly kind: 'impossible'; readonly message: string }

export interface BundleOperation {
  readonly kind: 'bundle'
  /** `container://…`, `run://…`, or what of the field there is not. */
  readonly target: string
  /** Where an image is unpacked. */
  readonly folder: string
  /** The target is the path of an archive, as `docker save` makes it. */
  readonly isFile: boolean
}

export interface FileOperation {
  readonly kind: 'file'
  readonly path: string
  readonly content: string
  readonly encoding: 'plain' | 'base64' | 'gzip+base64'
  readonly mode: number
  readonly ownership: Ownership
  /** Of parents that are missing; default: the file's, searchable for whoever may read. */
  readonly folderMode?: number
}

export interface DownloadOperation {
  readonly kind: 'download'
  readonly url: string
  readonly path: string
  readonly mode: number
  readonly ownership: Ownership
  /** `sha256:…` */
  readonly checksum: string | undefined
  readonly timeoutMs: number | undefined
}

export interface GitOperation {
  readonly kind: 'git'
  readonly url: string
  readonly path: string
  readonly branch: string
  readonly branchOnly: boolean
  readonly auth: GitAuth
}

export interface GitAuth {
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly private_key?: string | undefined
  readonly public_key?: string | undefined
  readonly insecure?: boolean | undefined
}

export interface Ownership {
  readonly owner?: string | number | undefined
  readonly group?: string | number | undefined
  /** `user:group` or `user` */
  readonly ownerstring?: string | undefined
}

/** A shell line, or a program with its arguments. */
export type Command = string | readonly string[]
export type NamedUser = UserConfig & { readonly name: string }
export type OperationOf<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>
