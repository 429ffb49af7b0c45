import { mkdirSync } from 'node:fs'
import { extImage, isoImage } from './images.ts'
import type { Program } from './rooted-host.ts'

/** Machines as the initramfs sees them. */
export const rootHash = 'cd'.repeat(32)
export const checked = `kiln.roothash=${rootHash} kiln.hashoffset=8192`
export const layout = {
  schema: 'kiln.layout/v1',
  ephemeral: ['/etc'],
  persistent: ['/etc/ssh'],
  store: '/usr/local',
}

/** What the initramfs sees once everything is mounted; mounts are only recorded. */
export const machine = {
  '/etc/kiln/modules': 'loop\n',
  '/proc/sys/kernel/osrelease': '6.1.0\n',
  '/proc/sys/kernel/random/uuid': '01234567-89ab-4cde-8f01-23456789abcd\n',
  '/sysroot/usr/lib/kiln/layout.json': JSON.stringify(layout),
  '/sysroot/sbin/init': '-> /usr/lib/init',
  '/sysroot/usr/lib/init': '',
  '/sysroot/etc/ssh/sshd_config': '',
  '/sysroot/usr/local/bin/x': '',
  '/dev/mapper/kiln-root': new Uint8Array(8192),
}
/** A live medium that is to be started. */
export const live = {
  ...machine,
  '/proc/cmdline': `${checked} root=live:CDLABEL=COS_LIVE\n`,
  '/sys/class/block/sr0/size': '100',
  '/dev/sr0': isoImage('COS_LIVE'),
  '/run/initramfs/live/payload/root.img': '',
}
/** An installed system. */
export const slot = {
  ...machine,
  '/proc/cmdline': `${checked} kiln.slot=one\n`,
  ...disk('vda1', 'COS_OEM'),
  ...disk('vda2', 'COS_STATE'),
  ...disk('vda3', 'COS_PERSISTENT'),
  '/run/initramfs/cos-state/slots/one/root.img': '',
}

function disk(name: string, label: string): Record<string, string | Uint8Array> {
  return { [`/sys/class/block/${name}/size`]: '100', [`/dev/${name}`]: extImage(label) }
}

/** Plays losetup, and cp inside the root as far as the steps after it need its result. */
export const programs: Program = (argv, folder) => {
  const [, applet, option, ...rest] = argv
  if (applet === 'losetup' && option === '-f') return { stdout: '/dev/loop3\n' }
  const copied = applet === 'chroot' && rest[0] === 'cp' ? rest.at(-1) : undefined
  if (copied !== undefined) mkdirSync(folder + copied, { recursive: true })
  return undefined
}
