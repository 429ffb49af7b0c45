import { ReasonError, type ReasonFacts } from './reason-error.ts'

/** Why a command of the node cannot be done. A reason is part of the interface: it is printed, stored and searched for. */
export const agentErrors = {
  'not-installed': {
    title: 'this system does not run from a disk that Kiln installed',
    advice: 'Run it on an installed node; a live medium has no generations.',
  },
  busy: {
    title: 'another operation is running',
    advice: 'Wait for it to end, or look with kiln-agent state what it does.',
  },
  'disk-not-found': {
    title: 'a partition of the installed system is missing',
    advice: 'Compare the partition table with docs/node.md; a partition may have lost its label.',
  },
  'disk-ambiguous': {
    title: 'several disks carry the same label',
    advice: 'Detach all but the one that this node runs from.',
  },
  'disk-read-only': {
    title: 'the disk can only be read',
    advice: 'The log of the kernel says why: a switch, a disk that fails, or a file system that is damaged.',
  },
  'record-damaged': {
    title: 'the record of generations is damaged',
    advice: 'Start the recovery entry and reset, or install anew; /oem is not touched.',
  },
  'slot-damaged': {
    title: 'a slot, or its boot files, are not what its payload.json says',
    advice: 'Run the upgrade again: the slot is written anew.',
  },
  'slot-conflict': {
    title: 'a slot with this root image is there already, with other boot files',
    advice: 'Build with another version: a slot that is in use is never changed.',
  },
  'no-such-generation': {
    title: 'there is no such generation',
    advice: 'kiln-agent state lists them.',
  },
  'bad-generation': {
    title: 'this generation cannot be used',
    advice: 'Choose one that kiln-agent state shows as good.',
  },
  'no-recovery': {
    title: 'this node has no recovery system',
    advice: 'Put one there with kiln-agent upgrade --recovery.',
  },
  'boot-loader': {
    title: 'the boot loader cannot be changed',
    advice: 'Check the EFI partition (COS_GRUB): space, and whether it can be written.',
  },
  'no-space': {
    title: 'there is not enough space',
    advice: 'kiln-agent state shows what the slots take; fewer generations can be kept (kiln.keep).',
  },
  'not-allowed': {
    title: 'this cannot be done here',
    advice: 'The message says where it can.',
  },
  'no-source': {
    title: 'nothing says what to upgrade to',
    advice:
      'Name it: kiln-agent upgrade oci:<registry>/<name>:<tag>, or upgrade.system.source in a cloud-config.',
  },
  'not-compatible': {
    title: 'the image is not for this node',
    advice:
      'Take one of the same flavor, architecture and device; kiln-agent upgrade list shows newer versions.',
  },
  'tool-failed': {
    title: 'a program that is needed failed',
    advice: 'Its own message says why.',
  },
} as const satisfies Record<string, ReasonFacts>

export type AgentReason = keyof typeof agentErrors

/** A command cannot be done; nothing of the running system was hurt. */
export class AgentError extends ReasonError<AgentReason> {
  override readonly name = 'AgentError'

  constructor(reason: AgentReason, detail: string, cause?: unknown) {
    super(agentErrors, reason, detail, cause)
  }
}
