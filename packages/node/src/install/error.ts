import type { ExitName } from '@kiln/contract'
import { ReasonError, type ReasonFacts } from '../reason-error.ts'

interface InstallFacts extends ReasonFacts {
  readonly exit: ExitName
}

/** Why an installation cannot be done. A reason is part of the interface: it is printed, and searched for. */
export const installFacts = {
  'bad-config': {
    title: 'the configuration cannot be used',
    advice:
      'Mend the cloud-config at the place that the message names. docs/install.md has all keys of install.',
    exit: 'config',
  },
  'no-admin': {
    title: 'nobody could administer the installed system',
    advice:
      'Put a user with a password or an ssh key into the group admin, or say install.nousers: true if that is meant.',
    exit: 'config',
  },
  'no-payload': {
    title: 'there is nothing to install',
    advice: 'Start from a live medium, or name what to install: --source oci:<registry>/<name>:<tag>.',
    exit: 'config',
  },
  'wrong-machine': {
    title: 'the image is not for this machine',
    advice: 'Take the image for the architecture and firmware of this machine.',
    exit: 'config',
  },
  'no-disk': {
    title: 'no disk can be chosen by itself',
    advice: 'Attach a disk that is large enough, or name one with --device or install.device.',
    exit: 'environment',
  },
  'disk-ambiguous': {
    title: 'several disks are equally good',
    advice: 'Name one of them with --device or install.device, best by its name in /dev/disk/by-id.',
    exit: 'config',
  },
  'disk-refused': {
    title: 'this disk cannot be installed to',
    advice: 'Name another disk; kiln-agent install --dry-run says what there is.',
    exit: 'environment',
  },
  'disk-too-small': {
    title: 'the disk is too small',
    advice: 'Take a larger disk, or ask for less: install.partitions, kiln.keep.',
    exit: 'environment',
  },
  'bad-layout': {
    title: 'the disk cannot be divided as asked',
    advice: 'Change install.partitions or install.extra-partitions.',
    exit: 'config',
  },
  'needs-consent': {
    title: 'the disk is not empty, and nobody agreed to erase it',
    advice: 'Give --yes-erase with the device, or install.auto: true in the cloud-config.',
    exit: 'usage',
  },
  'already-installed': {
    title: 'the partitions hold an installed system',
    advice: 'Say install.force: true to replace it; with no-format, data on COS_PERSISTENT is kept.',
    exit: 'usage',
  },
  'hook-refused': {
    title: 'a hook stopped the installation',
    advice:
      'See what the hook in the cloud-config says; the disk does not start until an installation is complete.',
    exit: 'config',
  },
  'bundle-failed': {
    title: 'a bundle could not be brought',
    advice:
      'See what is wrong with install.bundles; without fail_on_bundles_errors, the installation goes on without it.',
    exit: 'config',
  },
  'disk-failed': {
    title: 'the disk could not be written',
    advice:
      'Look at the disk and its cable (dmesg). The disk does not start until an installation is complete.',
    exit: 'environment',
  },
  'medium-unreadable': {
    title: 'the live medium cannot be read',
    advice: 'Write the medium anew.',
    exit: 'environment',
  },
  aborted: {
    title: 'the installation was called off',
    advice: 'Nothing was written.',
    exit: 'interrupted',
  },
} as const satisfies Record<string, InstallFacts>

export type InstallReason = keyof typeof installFacts

/** An installation cannot be done, or not go on. */
export class InstallError extends ReasonError<InstallReason> {
  override readonly name = 'InstallError'

  constructor(reason: InstallReason, detail: string, cause?: unknown) {
    super(installFacts, reason, detail, cause)
  }
}
