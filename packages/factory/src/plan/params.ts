import type { Architecture, DiskArtifact, DocumentArtifact, ImageIdentity, Layout } from '@kiln/contract'
import type { Compression } from '@kiln/contract/definition'
import type { DiskWish } from '../definition/disk.ts'
import type { Enrolment } from '../secure-boot/resolve.ts'

/** What steps that make something for people are told. */
export interface ConversionParams {
  readonly name: string
  readonly identity: ImageIdentity
  readonly family: string
  readonly hostname: string | undefined
  readonly layout: Layout
  readonly services: { readonly enable: readonly string[]; readonly mask: readonly string[] }
  /** Digest of the files that Kiln itself adds (units, network defaults). */
  readonly files: string
  /** The user's overlay folder and the digest of what is in it. */
  readonly overlay: { readonly folder: string; readonly digest: string } | undefined
  readonly epoch: number
}

export interface IsoParams {
  readonly file: string
  readonly title: string
  readonly arch: Architecture
  readonly cloudConfig: { readonly file: string; readonly digest: string } | undefined
  readonly medium: { readonly folder: string; readonly digest: string } | undefined
  readonly enrolment?: Enrolment
  readonly epoch: number
}

export interface RawParams {
  readonly file: string
  readonly title: string
  readonly arch: Architecture
  readonly cloudConfig: { readonly file: string; readonly digest: string } | undefined
  readonly disk: DiskWish
  /** What the table of the first sector has beside what protects the GPT. */
  readonly mbr?: 'hybrid'
  /** For MAAS. */
  readonly curtin?: true
  readonly enrolment?: Enrolment
  readonly epoch: number
}

export interface DiskParams {
  readonly file: string
  readonly format: Exclude<DiskArtifact, 'raw' | 'raw-efi' | 'raw-bios' | 'img' | 'ova'>
  readonly epoch: number
}

export interface OvaParams {
  readonly file: string
  /** Of the system, and of the machine that runs it. */
  readonly name: string
  readonly version: string
  readonly firmware: DiskWish['firmware']
  readonly epoch: number
}

export interface OciParams {
  /** Name of the folder. */
  readonly file: string
  readonly tag: string
  readonly arch: Architecture
  readonly compression: Compression
  readonly epoch: number
}

export interface DiskImageParams {
  /** Name of the folder. */
  readonly file: string
  /** Name of the disk's file in the image, below `/artifacts`. */
  readonly disk: string
  readonly tag: string
  readonly arch: Architecture
  readonly epoch: number
}

export interface DockerArchiveParams {
  readonly file: string
  /** Name of the folder in the result of `oci`. */
  readonly layout: string
  /** What it is called once it is loaded: `<name>:<tag>`. */
  readonly name: string
  readonly tag: string
  readonly epoch: number
}

export interface DocumentParams {
  readonly file: string
  readonly format: DocumentArtifact
  /** Of the image: `kairos-debian-13-core-amd64-generic-v0.1.0`. */
  readonly name: string
  /** Version of Kiln, with its leading v. */
  readonly builder: string
  readonly epoch: number
}
