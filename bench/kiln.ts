import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './measure.ts'
import { checkout, forget, lastResult, type StoredObject, type Workspace } from './workspace.ts'

/** The command as a user types it: all figures are of the whole process, from the launcher to its end. */
export function buildCommand(workspace: Workspace, ...options: string[]): readonly [string, ...string[]] {
  const folders = ['--cache', workspace.cache, '--out', workspace.out]
  return [join(checkout, 'kiln'), 'build', workspace.definition, ...folders, '--progress', 'none', ...options]
}

export function isoSize(workspace: Workspace): number {
  return Number(lastResult(workspace, 'iso').facts.size)
}

const mediaSteps = ['root-image', 'verify-root', 'payload', 'verify-payload', 'iso', 'verify']

/** From the unpacked root to the ISO. The initramfs is there, as it is for the peers. */
export function mediaBuild(workspace: Workspace): Contender {
  return {
    name: 'Kiln',
    covers:
      'root image with dm-verity, UKI, ISO, checksums; all of it read and checked again; the ISO flushed to the disk; the initramfs is there',
    command: buildCommand(workspace, '--frozen'),
    before: () => {
      rmSync(workspace.out, { recursive: true, force: true })
      forget(workspace, ({ kind }) => mediaSteps.includes(kind))
    },
    size: () => isoSize(workspace),
  }
}

/** One step alone; what comes after it is found unchanged. */
export function stepBuild(workspace: Workspace, kind: string, file: () => number): Contender {
  return {
    name: 'Kiln',
    covers: 'the whole process of a build that lacks this step only',
    command: buildCommand(workspace, '--frozen'),
    before: () => forget(workspace, (object) => object.kind === kind),
    size: file,
  }
}

export function unchangedBuild(workspace: Workspace): Contender {
  return {
    name: 'unchanged',
    covers: 'nothing to make',
    command: buildCommand(workspace, '--frozen'),
    size: () => isoSize(workspace),
  }
}

export function changedConfigBuild(workspace: Workspace): Contender {
  const file = join(workspace.boot, 'changed.yaml')
  let round = 0
  return {
    name: 'changed cloud-config',
    covers: 'a new ISO',
    command: buildCommand(workspace, '--frozen', '--cloud-config', file),
    before: () => writeFileSync(file, `#cloud-config\nhostname: bench-${process.pid}-${round++}\n`),
    size: () => isoSize(workspace),
  }
}

/** The peers' tools are installed before, so Kiln's toolchain is, too. */
const isTool = ({ step }: StoredObject) =>
  ['toolchain', 'toolchain/files'].includes(step) ||
  step.startsWith('agent/') ||
  step.startsWith('boot-loader/')

export function coldBuild(workspace: Workspace): Contender {
  return {
    name: 'Kiln',
    covers: 'package files and toolchain are there; base, packages, conversion, validation, payload, ISO',
    command: buildCommand(workspace, '--frozen'),
    before: () => {
      rmSync(workspace.out, { recursive: true, force: true })
      forget(workspace, (object) => !isTool(object))
    },
    size: () => isoSize(workspace),
  }
}

export function firstBuild(workspace: Workspace): Contender {
  return {
    name: 'Kiln, the very first build',
    covers: 'package files are there; the archive is asked and the toolchain made as well',
    command: buildCommand(workspace),
    before: () => {
      for (const folder of [workspace.out, join(workspace.definition, 'kiln.lock')]) {
        rmSync(folder, { recursive: true, force: true })
      }
      forget(workspace, () => true)
    },
    size: () => isoSize(workspace),
  }
}
