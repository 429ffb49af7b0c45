import { type Architecture, type ArtifactKind, architectureFacts, isDocumentArtifact } from '@kiln/contract'
import type { PackageSet } from '../lock/lock.ts'
import type { ResolvedBuild, ResolvedImage, ToolRoot } from '../resolve/resolve.ts'
import type { ResolvedSecureBoot } from '../secure-boot/resolve.ts'
import { crossStep, targetStep } from '../toolchain/foreign.ts'
import { canonicalJson } from './fingerprint.ts'
import { planArtifact, withContainer } from './plan-artifact.ts'
import { planBoard } from './plan-board.ts'
import { planDocument } from './plan-document.ts'
import {
  baseStep,
  planForeign,
  planTools,
  repository,
  type ToolName,
  toolNames,
  withoutBase,
} from './plan-tools.ts'
import type { ConversionParams, Plan, Step } from './step.ts'
import { stepId } from './step-id.ts'

/**
 * The steps that make all images and artifacts of a build. Pure. Images that share a base or packages share the steps:
 * two steps with equal kind, parameters and inputs are one.
 */
export function planBuild(build: ResolvedBuild, artifacts: readonly ArtifactKind[]): Plan {
  const steps = build.images.flatMap((image) => planImage(image, build, artifacts))
  const tools = toolNames.flatMap((name) => {
    const root = rootOf(name, build)
    return root ? planTools(name, root) : []
  })
  return { steps: merge([...tools, ...build.foreign.flatMap(planForeign), ...steps]) }
}

function rootOf(name: ToolName, build: ResolvedBuild): ToolRoot | undefined {
  if (name === 'toolchain') return build.toolchain
  return name === 'container-tools' ? build.containerTools : build.signingTools
}

function planImage(image: ResolvedImage, build: ResolvedBuild, artifacts: readonly ArtifactKind[]): Step[] {
  const id = (what: string) => stepId(image, what)
  const { identity } = image
  const { arch } = identity
  const { all } = image.root
  const { epoch } = all
  const root = { packages: id('packages'), convert: id('convert') }
  const toolchain = 'toolchain'
  const foreign = build.foreign.find((roots) => roots.arch === arch)
  const loaderTools = (foreign?.target ?? build.toolchain).all
  const target = foreign ? { target: targetStep(arch) } : {}
  const emulator = foreign ? { emulator: crossStep(arch) } : {}
  const agent = `agent/${arch}`
  const bootLoader = `boot-loader/${arch}`
  const { secureBoot } = build
  const signedBootLoader = `${bootLoader}/signed`
  const unsignedPayload = secureBoot ? id('payload/unsigned') : id('payload')
  return [
    {
      id: agent,
      kind: 'agent',
      title: 'kiln-agent',
      params: { arch, sources: build.agent.sources, version: build.agent.version },
      inputs: { toolchain: foreign ? crossStep(arch) : toolchain, ...target },
    },
    {
      id: bootLoader,
      kind: 'boot-loader',
      title: 'boot loaders',
      params: { arch, version: bootLoaderVersion(loaderTools, arch), epoch: loaderTools.epoch },
      inputs: { toolchain, ...target },
    },
    ...planBase(image, id, emulator),
    {
      id: root.packages,
      kind: 'packages',
      title: 'packages',
      params: { packages: all.packages, archives: all.archives, ...(foreign ? { arch } : {}), epoch },
      inputs: { base: id('base'), repository: id('files'), ...emulator },
    },
    {
      id: root.convert,
      kind: 'convert',
      title: 'conversion',
      params: conversion(image, build),
      inputs: { packages: root.packages, agent, ...emulator },
    },
    {
      id: id('validate'),
      kind: 'validate',
      title: 'validation',
      params: { layout: image.layout, identity, services: image.services.enable },
      inputs: { ...root, toolchain },
    },
    {
      id: id('root-image'),
      kind: 'root-image',
      title: 'root image',
      params: { epoch, cmdline: image.cmdline },
      inputs: { ...root, toolchain },
    },
    {
      id: id('initramfs'),
      kind: 'initramfs',
      title: 'initramfs',
      params: { arch, ...(image.board ? { modules: image.board.data.modules } : {}), epoch },
      inputs: { ...root, toolchain, agent, validate: id('validate'), ...target },
    },
    {
      id: unsignedPayload,
      kind: 'payload',
      title: 'payload',
      params: {
        identity,
        name: image.name,
        cmdline: image.cmdline,
        ...(image.board?.data.serial ? { serial: image.board.data.serial } : {}),
        ukiBudget: image.ukiBudget,
        epoch,
      },
      inputs: {
        'root-image': id('root-image'),
        initramfs: id('initramfs'),
        'boot-loader': bootLoader,
        packages: root.packages,
        validate: id('validate'),
        toolchain,
        agent,
      },
    },
    ...(secureBoot
      ? signingSteps(secureBoot, image, build.toolchain.all.epoch, {
          payload: unsignedPayload,
          signedPayload: id('payload'),
          bootLoader,
          signedBootLoader,
        })
      : []),
    {
      id: id('root-image/verify'),
      kind: 'verify-root',
      title: 'verification (root image)',
      params: {},
      inputs: { 'root-image': id('root-image') },
    },
    {
      id: id('payload/verify'),
      kind: 'verify-payload',
      title: 'verification (payload)',
      params: {},
      inputs: { payload: id('payload') },
    },
    ...(image.board ? planBoard(image, image.board, root.packages) : []),
    ...withContainer(artifacts).flatMap((kind) => {
      if (isDocumentArtifact(kind)) {
        const inputs = { ...root, payload: id('payload'), toolchain, ...target }
        return planDocument(kind, image, { builder: build.agent.version, inputs })
      }
      const inputs = {
        payload: id('payload'),
        'root-image': id('root-image'),
        'boot-loader': secureBoot ? signedBootLoader : bootLoader,
        ...root,
        toolchain,
      }
      return planArtifact(kind, image, inputs, secureBoot?.enrolment)
    }),
  ]
}

/** The payload and what UEFI starts, each signed in a step of its own: whoever has no keys makes the rest all the same. */
function signingSteps(
  { signing }: ResolvedSecureBoot,
  { ukiBudget, root }: ResolvedImage,
  toolEpoch: number,
  ids: Readonly<Record<'payload' | 'signedPayload' | 'bootLoader' | 'signedBootLoader', string>>,
): Step[] {
  const toolchain = 'signing-tools'
  return [
    {
      id: ids.signedBootLoader,
      kind: 'signed-boot-loader',
      title: 'signatures of the boot loaders',
      params: { signing, epoch: toolEpoch },
      inputs: { 'boot-loader': ids.bootLoader, toolchain },
    },
    {
      id: ids.signedPayload,
      kind: 'signed-payload',
      title: 'signatures of the payload',
      params: { signing, ukiBudget, epoch: root.all.epoch },
      inputs: { payload: ids.payload, 'boot-loader': ids.signedBootLoader, toolchain },
    },
  ]
}

/** The base, and the files of what is installed on it: into an imported one everything that the lock has. */
function planBase(
  { identity, root: { base, all } }: ResolvedImage,
  id: (what: string) => string,
  emulator: { readonly emulator?: string },
): Step[] {
  const title = `base ${identity.flavor} ${identity.flavorRelease}`
  if ('packages' in base) {
    return [
      repository(id('base-files'), 'base files', base.packages),
      repository(id('files'), 'files', withoutBase(all, base)),
      baseStep(id('base'), title, base, id('base-files'), emulator),
    ]
  }
  return [
    repository(id('files'), 'files', all.packages),
    { id: id('base'), kind: 'import', title, params: base, inputs: { toolchain: 'container-tools' } },
  ]
}

function conversion(image: ResolvedImage, build: ResolvedBuild): ConversionParams {
  const { name, identity, family, hostname, layout, services, overlay, root } = image
  return {
    name,
    identity,
    family,
    hostname,
    layout,
    services,
    overlay,
    files: build.conversionFiles,
    epoch: root.all.epoch,
  }
}

/**
 * `257.9-1~deb13u1 2.12-9`: of systemd-boot, and of GRUB where machines start by BIOS. Loaders are renewed on a node apart from
 * the system.
 */
function bootLoaderVersion({ packages }: PackageSet, arch: Architecture): string {
  const versionOf = (name: string) => packages.find((locked) => locked.name === name)?.version ?? 'unknown'
  const names = ['systemd-boot-efi', ...(architectureFacts[arch].bios ? ['grub-common'] : [])]
  return names.map(versionOf).join(' ')
}

/** Keeps the first of equal steps and points the inputs of all others to it. */
function merge(steps: readonly Step[]): Step[] {
  const keptAs = new Map<string, string>()
  const byContent = new Map<string, Step>()
  for (const step of steps) {
    const inputs = Object.entries<string>(step.inputs).map(([name, id]) => [name, keptAs.get(id) ?? id])
    const settled = { ...step, inputs: Object.fromEntries(inputs) } as Step
    const content = canonicalJson({ kind: settled.kind, params: settled.params, inputs: settled.inputs })
    const kept = byContent.get(content) ?? settled
    byContent.set(content, kept)
    keptAs.set(step.id, kept.id)
  }
  return [...byContent.values()]
}
