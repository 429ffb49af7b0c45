import type { ExitName } from './exit.ts'

interface CodeFacts {
  readonly exit: ExitName
  /** One line, no full stop: what went wrong in general. */
  readonly title: string
}

/**
 * Every error that Kiln can report. A code is part of the interface: it is never renamed or reused.
 * docs/reference/errors.md explains each one; a test compares.
 */
export const errorFacts = {
  'E-BUG': { exit: 'internal', title: 'a defect in Kiln itself' },
  'E-USAGE': { exit: 'usage', title: 'the command line is not understood' },
  'E-UNCONFIRMED': { exit: 'usage', title: 'something needs consent and none was given' },

  'E-CONFIG-MISSING': { exit: 'config', title: 'there is no kiln.yaml' },
  'E-CONFIG-UNREADABLE': { exit: 'config', title: 'a configuration file cannot be read' },
  'E-CONFIG-SYNTAX': { exit: 'config', title: 'a configuration file is not valid YAML' },
  'E-CONFIG-UNKNOWN-KEY': { exit: 'config', title: 'a key that the schema does not know' },
  'E-CONFIG-MISSING-KEY': { exit: 'config', title: 'a key that must be there is not' },
  'E-CONFIG-WRONG-TYPE': { exit: 'config', title: 'a value of the wrong type' },
  'E-CONFIG-BAD-VALUE': { exit: 'config', title: 'a value that is not allowed' },
  'E-CONFIG-EXISTS': { exit: 'config', title: 'the file to be written is there already' },
  'E-DISTRO-UNKNOWN': { exit: 'config', title: 'a distribution or release that Kiln has no data for' },
  'E-BOARD-UNKNOWN': { exit: 'config', title: 'a board that Kiln has no data for' },
  'E-BOARD-MISFIT': { exit: 'config', title: 'an image that does not fit its board' },
  'E-UNSUPPORTED': { exit: 'config', title: 'something that Kiln does not do yet' },
  'E-BASE-UNKNOWN': { exit: 'config', title: 'a base that Kiln cannot read' },
  'E-BASE-MISSING': { exit: 'config', title: 'the base is not there' },
  'E-BASE-MISMATCH': { exit: 'config', title: 'the base is not what the image says it is' },
  'E-BASE-CHANGED': { exit: 'verification', title: 'the base does not have the digest that it should have' },
  'E-REGISTRY-DENIED': { exit: 'environment', title: 'a registry does not let in' },
  'E-REGISTRY-INSECURE': {
    exit: 'verification',
    title: 'a registry is not reached over a trusted connection',
  },
  'E-REGISTRY-UNREACHABLE': { exit: 'network', title: 'a registry does not answer' },
  'E-REGISTRY-REFUSED': { exit: 'environment', title: 'a registry does not do what it is asked to' },
  'E-IMAGE-MISSING': { exit: 'config', title: 'an image that the registry does not have' },
  'E-PAYLOAD-MISSING': { exit: 'config', title: 'an image without a payload' },
  'E-PAYLOAD-DAMAGED': { exit: 'verification', title: 'a payload that is not what its card says' },
  'E-LAYOUT-INVALID': { exit: 'verification', title: 'a folder that is no whole OCI image layout' },
  'E-OVERLAY-UNREADABLE': { exit: 'config', title: 'a folder of files is missing or cannot be read' },
  'E-CLOUD-CONFIG': { exit: 'config', title: 'a cloud-config that is not understood' },
  'E-CLOUD-CONFIG-MISFIT': { exit: 'config', title: 'two sources of configuration that cannot be merged' },

  'E-LOCK-STALE': { exit: 'stale', title: 'kiln.lock does not fit kiln.yaml' },
  'E-NOT-REPRODUCED': { exit: 'different', title: 'a second build gave other bytes' },

  'E-PACKAGE-UNKNOWN': { exit: 'config', title: 'a package that the archive does not have' },
  'E-PACKAGE-REQUIRED': { exit: 'config', title: 'a package that cannot be left out' },
  'E-PACKAGE-UNSATISFIABLE': { exit: 'config', title: 'packages that cannot be installed together' },
  'E-PACKAGE-GONE': { exit: 'stale', title: 'a package of the lock is no longer to be had' },
  'E-PACKAGE-INSTALL': { exit: 'environment', title: 'the package manager failed' },
  'E-KERNEL-MISSING': { exit: 'config', title: 'the root file system has no kernel' },
  'E-KERNEL-MODULE-MISSING': {
    exit: 'config',
    title: 'a kernel module that the initramfs needs is not there',
  },
  'E-LIBRARY-MISSING': { exit: 'config', title: 'a shared library that a program needs is not there' },
  'E-IMAGE-INVALID': { exit: 'verification', title: 'the converted root file system fails validation' },
  'E-DISK-SIZE': { exit: 'config', title: 'a disk of a size that a format or a cloud does not take' },
  'E-DISK-LAYOUT': { exit: 'config', title: 'a disk that cannot be laid out as it is wished' },

  'E-UKI-SIZE': { exit: 'config', title: 'a UKI that is larger than it may be' },

  'E-KEYS-MISSING': { exit: 'config', title: 'keys for Secure Boot that are not there' },
  'E-KEYS-UNUSABLE': { exit: 'config', title: 'keys for Secure Boot that cannot be used' },
  'E-KEYS-PASSWORD': { exit: 'config', title: 'a private key that the password does not open' },
  'E-KEYS-EXPIRED': { exit: 'verification', title: 'a certificate whose time is over, or nearly' },
  'E-SIGNATURE-WANTED': { exit: 'stale', title: 'something waits to be signed elsewhere' },

  'E-KEYRING-MISSING': { exit: 'environment', title: 'the keyring that signs the archive is not there' },
  'E-MIRROR-UNKNOWN': { exit: 'environment', title: 'no mirror is known for the distribution' },
  'E-MIRROR-UNREACHABLE': { exit: 'network', title: 'the mirror does not answer' },
  'E-ARCHIVE-UNTRUSTED': { exit: 'verification', title: 'the archive is not signed by a trusted key' },

  'E-TOOL-MISSING': { exit: 'environment', title: 'a program that Kiln needs is not installed' },
  'E-TOOL-FAILED': { exit: 'environment', title: 'an external program failed' },
  'E-EMULATION': { exit: 'environment', title: 'programs of another architecture cannot be run' },
  'E-DISK-FULL': { exit: 'environment', title: 'no space is left' },
  'E-PERMISSION': { exit: 'environment', title: 'permission is denied' },
  'E-CACHE-CORRUPT': { exit: 'verification', title: 'a cached object does not have its digest' },

  'E-LISTEN': { exit: 'environment', title: 'an address cannot be listened on' },

  'E-NAME': { exit: 'config', title: 'a name of an image or artifact that is none' },
  'E-ARTIFACT-MISSING': { exit: 'config', title: 'the artifact is not there' },
  'E-ARTIFACT-UNKNOWN': { exit: 'config', title: 'a file that is no artifact' },
  'E-ARTIFACT-DAMAGED': { exit: 'verification', title: 'an artifact is not what it should be' },
  'E-KEY-UNREADABLE': { exit: 'config', title: 'a key that cannot be used' },
  'E-SIGNATURE-MISSING': { exit: 'verification', title: 'a file that is not signed' },
  'E-SIGNATURE-UNTRUSTED': { exit: 'verification', title: 'a file that is signed by somebody else' },
  'E-SIGNATURE-INVALID': { exit: 'verification', title: 'a signature that does not hold' },
  'E-RELEASE-CONFLICT': { exit: 'config', title: 'artifacts that do not make one release' },
  'E-RELEASE-INCOMPLETE': { exit: 'verification', title: 'a release that is not whole' },
  'E-RELEASE-RULE': { exit: 'policy', title: 'a release that may not be moved yet' },
  'E-ISO-ROOM': { exit: 'config', title: 'an ISO without room for a cloud-config' },
  'E-BOOT-FAILED': { exit: 'test', title: 'the machine did not come up' },
  'E-BOOT-TIMEOUT': { exit: 'timeout', title: 'the machine did not come up in time' },
  'E-FIRMWARE-MISSING': {
    exit: 'environment',
    title: 'the firmware for the virtual machine is not installed',
  },
  'E-INTERRUPTED': { exit: 'interrupted', title: 'interrupted' },
} as const satisfies Record<string, CodeFacts>

export type ErrorCode = keyof typeof errorFacts
