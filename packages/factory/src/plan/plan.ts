import { artifactName, imageName } from '@kiln/contract'
import type { ArtifactKind } from '@kiln/contract/definition'
import type { ResolvedBuild, ResolvedImage } from '../resolve/resolve.ts'
import { toolchainPackages } from '../toolchain/packages.ts'
import { canonicalJson } from './fingerprint.ts'
import type { ConversionParams, Plan, Step, StepOf } from './step.ts'

/**
 * The steps that make all images and artifacts of a build. Pure. Images that share a base or packages share the steps:
 * two steps with equal kind, parameters and inputs are one.
 */
export function planBuild(build: ResolvedBuild, artifacts: readonly ArtifactKind[]): Plan {
  const toolchain: StepOf<'toolchain'> = {
    id: 'toolchain',
    kind: 'toolchain',
    title: 'toolchain',
    params: { archive: build.toolchain, packages: toolchainPackages },
    inputs: {},
  }
  const steps = build.images.flatMap((image) => planImage(image, build, artifacts))
  return { steps: merge([toolchain, ...steps]) }
}

/** Id of the step that makes an artifact, for finding its result. */
export function stepId(image: ResolvedImage, what: string): string {
  return `${imageName(image.identity)}/${what}`
}

function planImage(image: ResolvedImage, build: ResolvedBuild, artifacts: readonly ArtifactKind[]): Step[] {
  const id = (what: string) => stepId(image, what)
  const { identity, archive } = image
  const { arch } = identity
  const { epoch } = archive
  const root = { packages: id('packages'), convert: id('convert') }
  const toolchain = 'toolchain'
  const agent = `agent/${arch}`
  return [
    {
      id: agent,
      kind: 'agent',
      title: 'kiln-agent',
      params: { arch, sources: build.agent.sources, version: build.agent.version },
      inputs: { toolchain },
    },
    {
      id: id('base'),
      kind: 'base',
      title: `base ${identity.flavor} ${identity.flavorRelease}`,
      params: { archive, arch },
      inputs: {},
    },
    {
      id: root.packages,
      kind: 'packages',
      title: `packages (${image.install.length} named)`,
      params: { arch, install: image.install, remove: image.remove, epoch },
      inputs: { base: id('base') },
    },
    {
      id: root.convert,
      kind: 'convert',
      title: 'conversion',
      params: conversion(image, build),
      inputs: { packages: root.packages, agent },
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
      params: { epoch },
      inputs: { ...root, toolchain },
    },
    {
      id: id('initramfs'),
      kind: 'initramfs',
      title: 'initramfs',
      params: { arch, epoch },
      inputs: { ...root, toolchain, agent, validate: id('validate') },
    },
    {
      id: id('payload'),
      kind: 'payload',
      title: 'payload',
      params: { identity, name: image.name, cmdline: image.cmdline, epoch },
      inputs: {
        'root-image': id('root-image'),
        initramfs: id('initramfs'),
        packages: root.packages,
        validate: id('validate'),
        toolchain,
        agent,
      },
    },
    ...artifacts.map((kind) => planArtifact[kind](image, id(kind), { payload: id('payload'), toolchain })),
  ]
}

function conversion(image: ResolvedImage, build: ResolvedBuild): ConversionParams {
  const { name, identity, family, hostname, layout, services, overlay, archive } = image
  return {
    name,
    identity,
    family,
    hostname,
    layout,
    services,
    overlay,
    files: build.conversionFiles,
    epoch: archive.epoch,
  }
}

type ArtifactPlanner = (
  image: ResolvedImage,
  id: string,
  inputs: { payload: string; toolchain: string },
) => Step

const planArtifact: Record<ArtifactKind, ArtifactPlanner> = {
  iso: (image, id, inputs) => ({
    id,
    kind: 'iso',
    title: 'ISO',
    params: {
      file: artifactName(image.identity, '.iso'),
      title: `${image.name} ${image.identity.version}`,
      arch: image.identity.arch,
      cloudConfig: image.cloudConfig,
      medium: image.medium,
      epoch: image.archive.epoch,
    },
    inputs,
  }),
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
