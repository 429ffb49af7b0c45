import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender } from './measure.ts'
import { checkout, empty, type Workspace } from './workspace.ts'

const scripts = join(checkout, 'bench/peers')

/** A script of bench/peers in the root with the peers' programs. @param mode `rw`: it may change the root it packs, in a layer of its own */
export function peerCommand(
  workspace: Workspace,
  mode: 'ro' | 'rw',
  script: string,
  ...args: string[]
): readonly [string, ...string[]] {
  const { peers, root, work, boot } = workspace
  const namespaces = ['--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']
  const enter = ['sh', join(scripts, 'enter.sh'), peers, mode, root, work, boot, scripts]
  return ['unshare', ...namespaces, ...enter, script, ...args]
}

function peer(
  workspace: Workspace,
  { name, covers, command }: Pick<Contender, 'name' | 'covers' | 'command'>,
): Contender {
  return {
    name,
    covers,
    command,
    before: () => {
      rmSync(workspace.out, { recursive: true, force: true })
      empty(workspace.work)
    },
    size: () => sizeOf(join(workspace.work, 'work/result')),
  }
}

export function auroraboot(workspace: Workspace, zlib?: string): Contender {
  const command = peerCommand(workspace, 'ro', 'auroraboot.sh')
  return peer(workspace, {
    name: zlib === undefined ? "AuroraBoot's commands" : "AuroraBoot's commands, with zlib-ng",
    covers: 'two copies of the root, squashfs, EFI image, ISO, checksum; the initramfs is there',
    command: zlib === undefined ? command : ['env', `BENCH_ZLIB=${zlib}`, ...command],
  })
}

export function liveBuild(workspace: Workspace): Contender {
  return peer(workspace, {
    name: 'live-build',
    covers: 'its binary stage: squashfs, boot loaders, checksums, ISO; the initramfs is there',
    command: peerCommand(workspace, 'rw', 'live-build.sh'),
  })
}

export function mkosiPack(workspace: Workspace): Contender {
  return peer(workspace, {
    name: 'mkosi',
    covers: 'UKI, EFI partition, squashfs, disk image (no ISO); the initramfs is there',
    command: peerCommand(workspace, 'ro', 'mkosi.sh', 'pack', 'none', ''),
  })
}

export function mkosiBuild(workspace: Workspace, mirror: string, packages: readonly string[]): Contender {
  return peer(workspace, {
    name: 'mkosi',
    covers: 'package files are there; installation, its initramfs, UKI, squashfs, disk image (no ISO)',
    command: peerCommand(workspace, 'ro', 'mkosi.sh', 'build', mirror, packages.join(' ')),
  })
}

export function mmdebstrapBuild(workspace: Workspace, packages: readonly string[]): Contender {
  return peer(workspace, {
    name: 'mmdebstrap and packing',
    covers:
      "the same package files; installation without initramfs, squashfs with Kiln's options; nothing that boots",
    command: peerCommand(workspace, 'ro', 'mmdebstrap.sh', packages.join(',')),
  })
}

export function dracut(workspace: Workspace, kernelVersion: string): Contender {
  return peer(workspace, {
    name: 'dracut',
    covers: 'for any machine, with its modules for live systems',
    command: peerCommand(workspace, 'ro', 'dracut.sh', kernelVersion),
  })
}

export function packing(workspace: Workspace, name: string, options: readonly string[]): Contender {
  return peer(workspace, {
    name,
    covers: 'mksquashfs alone',
    command: peerCommand(workspace, 'ro', 'pack.sh', ...options),
  })
}

/** Without holes: a disk has room that nothing is in. */
function sizeOf(file: string): number {
  const { size, blocks } = statSync(file)
  return Math.min(size, blocks * 512)
}
