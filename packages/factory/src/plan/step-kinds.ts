import type { Architecture, ImageIdentity, Layout } from '@kiln/contract'
import type { Compression } from '@kiln/contract/definition'
import type { ImportParams } from '../bases/import.ts'
import type { Board } from '../boards/schema.ts'
import type { Run } from '../carriers/disk/data-map.ts'
import type { LockedArchive, LockedPackage } from '../lock/lock.ts'
import type { Signing } from '../secure-boot/resolve.ts'

import type {
  ConversionParams,
  DiskImageParams,
  DiskParams,
  DockerArchiveParams,
  DocumentParams,
  IsoParams,
  OciParams,
  OvaParams,
  RawParams,
} from './params.ts'

/**
 * The kinds of step, with what each is told (`params`), which results it takes (`inputs`) and what it reports beside
 * its files (`facts`). Everything is plain data: it goes into the content key and can be printed.
 */
export interface StepKinds {
  /** Package files of one set, with an index: all that a package manager may take from. */
  repository: {
    params: { readonly packages: readonly LockedPackage[] }
    inputs: never
    facts: {
      readonly packages: number
      /** Bytes that came over the network. */
      readonly loaded: number
    }
  }
  /** Root file system of the build tools: compiler, packers, boot loaders. */
  toolchain: {
    params: {
      readonly packages: readonly LockedPackage[]
      /** Where it is not that of this machine. */
      readonly arch?: Architecture
      readonly epoch: number
    }
    inputs: 'base' | 'repository'
    facts: Record<string, never>
  }
  /** kiln-agent, compiled from packages/node. */
  agent: {
    params: { readonly arch: Architecture; readonly sources: string; readonly version: string }
    inputs: 'toolchain'
    facts: { readonly version: string; readonly digest: string; readonly size: number }
  }
  /** The distribution's smallest root file system. */
  base: {
    params: { readonly suite: string; readonly arch: string; readonly epoch: number }
    inputs: 'repository'
    facts: Record<string, never>
  }
  /** A base that somebody else made. Its result takes the place of `base`; its `toolchain` are the container tools. */
  import: {
    params: ImportParams
    inputs: 'toolchain'
    facts: Record<string, never>
  }
  /** Packages and kernel, in a copy of the base: the lowest layer of the root. */
  packages: {
    params: {
      readonly packages: readonly LockedPackage[]
      /** What the image itself names as its archives. */
      readonly archives: readonly LockedArchive[]
      /** Where it is not that of this machine. */
      readonly arch?: Architecture
      readonly epoch: number
    }
    inputs: 'base' | 'repository'
    facts: { readonly count: number }
  }
  /** What makes it an immutable image: agent, release files, layout, services, overlay, cleaning. */
  convert: {
    params: ConversionParams
    inputs: 'packages' | 'agent'
    facts: Record<string, never>
  }
  /** Looks the converted root over; fails with a list. Hands on what the initramfs takes from it. */
  validate: {
    params: {
      readonly layout: Layout
      readonly identity: ImageIdentity
      readonly services: readonly string[]
    }
    inputs: 'packages' | 'convert' | 'toolchain'
    facts: { readonly kernelVersion: string }
  }
  /** squashfs with its dm-verity tree: `root.img`. */
  'root-image': {
    params: { readonly epoch: number; readonly cmdline: readonly string[] }
    inputs: 'packages' | 'convert' | 'toolchain'
    facts: {
      readonly rootHash: string
      /** Bytes. */
      readonly hashOffset: number
      /** `sha256:<64 hex digits>` of the whole file. */
      readonly digest: string
      /** Bytes of the whole file. */
      readonly size: number
    }
  }
  initramfs: {
    params: {
      readonly arch: Architecture
      /** Kernel modules for a board, beside those of every initramfs. */
      readonly modules?: readonly string[]
      readonly epoch: number
    }
    inputs: 'packages' | 'convert' | 'toolchain' | 'agent' | 'validate'
    facts: { readonly kernelVersion: string; readonly modules: number }
  }
  /** Boot loaders of an architecture, for media and disks. */
  'boot-loader': {
    params: { readonly arch: Architecture; readonly version: string; readonly epoch: number }
    inputs: 'toolchain'
    facts: { readonly version: string }
  }
  /** What a node runs beside its root image, with the identity card of all of it. Carriers take it and `root-image`. */
  payload: {
    params: {
      readonly identity: ImageIdentity
      readonly name: string
      readonly cmdline: readonly string[]
      /** Serial consoles of a board. */
      readonly serial?: readonly string[]
      /** Bytes that the UKI may have. */
      readonly ukiBudget: number
      readonly epoch: number
    }
    inputs: 'root-image' | 'initramfs' | 'boot-loader' | 'toolchain' | 'packages' | 'agent' | 'validate'
    facts: { readonly digest: string }
  }
  /** The boot loaders with signatures. It takes the place of `boot-loader`; its `toolchain` are the signing tools. */
  'signed-boot-loader': {
    params: { readonly signing: Signing; readonly epoch: number }
    inputs: 'boot-loader' | 'toolchain'
    facts: { readonly version: string }
  }
  /** The payload with signatures. It takes the place of `payload`; its `toolchain` are the signing tools. */
  'signed-payload': {
    params: { readonly signing: Signing; readonly ukiBudget: number; readonly epoch: number }
    inputs: 'payload' | 'boot-loader' | 'toolchain'
    facts: { readonly digest: string }
  }
  /** What a board starts before there is UEFI: a folder for the EFI partition. */
  board: {
    params: { readonly board: Board; readonly epoch: number }
    inputs: 'repository' | 'packages' | 'validate' | 'toolchain'
    facts: Record<string, never>
  }
  iso: {
    params: IsoParams
    inputs: 'payload' | 'root-image' | 'boot-loader' | 'toolchain'
    facts: ArtifactFacts
  }
  /** A disk on which the system is installed. */
  raw: {
    params: RawParams
    inputs: 'payload' | 'root-image' | 'toolchain'
    /** `runs`: what is not zero, in blocks of 64 KiB. */
    facts: ArtifactFacts & { readonly runs: readonly Run[] }
  }
  /** The same disk in another format, or of a size that a cloud wants. */
  disk: {
    params: DiskParams
    inputs: 'raw'
    /** `diskBytes`: size of the disk in it. */
    facts: ArtifactFacts & { readonly diskBytes: number }
  }
  /** A VMDK with the description of a machine. Its `disk` is one in that format. */
  ova: {
    params: OvaParams
    inputs: 'disk'
    facts: ArtifactFacts
  }
  /** All that an image is made of, for any document about it. */
  inventory: {
    params: Record<string, never>
    inputs: 'packages' | 'convert' | 'validate' | 'payload' | 'toolchain'
    facts: { readonly packages: number; readonly files: number }
  }
  /** What an inventory tells, as a document of a standard. */
  document: {
    params: DocumentParams
    inputs: 'inventory'
    facts: ArtifactFacts
  }
  /** Looks into the packed root, once for all artifacts that carry it. */
  'verify-root': {
    params: Record<string, never>
    inputs: 'root-image'
    facts: { readonly checks: number }
  }
  /** The same for each other file of a payload. */
  'verify-payload': {
    params: Record<string, never>
    inputs: 'payload'
    facts: { readonly checks: number }
  }
  /** Opens an artifact again and looks at all of it, but not into the files of its payload. */
  verify: {
    params: Record<string, never>
    inputs: 'payload' | 'artifact'
    facts: { readonly checks: number }
  }
  /** The packages as layers of a container image. */
  'image-layers': {
    params: { readonly compression: Compression }
    inputs: 'packages' | 'toolchain'
    facts: {
      readonly layers: number
      /** Bytes of all of them, packed. */
      readonly size: number
    }
  }
  /** An OCI image layout with the system as a container image, and its payload. */
  oci: {
    params: OciParams
    inputs: 'packages' | 'convert' | 'image-layers' | 'payload' | 'root-image' | 'toolchain'
    facts: {
      /** Of the index that the tag names: `sha256:<64 hex digits>`. */
      readonly digest: string
      /** Of the payload's manifest. */
      readonly payload: string
      /** Bytes of all files. */
      readonly size: number
    }
  }
  /** The disk of a board in a container image, to be fetched from a registry. */
  'img-oci': {
    params: DiskImageParams
    inputs: 'raw' | 'toolchain'
    facts: { readonly digest: string; readonly size: number }
  }
  /** The container image alone, in one file that `docker load` takes. */
  docker: {
    params: DockerArchiveParams
    inputs: 'oci' | 'toolchain'
    facts: ArtifactFacts
  }
}

/** An artifact that is one file. */
export interface ArtifactFacts {
  /** Name of the file. */
  readonly file: string
  /** `sha256:<64 hex digits>` */
  readonly digest: string
  /** Bytes. */
  readonly size: number
}
