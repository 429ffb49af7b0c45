import { ReasonError, type ReasonFacts } from '../reason-error.ts'

/** Why a boot can be refused. A reason is part of the interface: it is printed, stored, and searched for. */
export const failureFacts = {
  'no-root-hash': {
    title: 'the command line has no root hash, so the root cannot be checked',
    advice: 'Boot the entry that Kiln made, or add kiln.roothash= and kiln.hashoffset= from payload.json.',
  },
  'no-root-source': {
    title: 'the command line does not say where the root is',
    advice: 'Leave root= away for an installed system, or write root=live:CDLABEL=<label> for a live medium.',
  },
  'root-not-found': {
    title: 'no device carries the root',
    advice: 'Look whether the disk or medium is attached and its kernel driver is in the initramfs.',
  },
  'root-ambiguous': {
    title: 'several devices claim to carry the root',
    advice: 'Detach all but the one to boot from.',
  },
  'medium-unreadable': {
    title: 'the device with the root cannot be mounted',
    advice: 'Write the medium anew, or check the disk.',
  },
  'root-image-missing': {
    title: 'the medium has no root image',
    advice: 'Write the medium anew, or boot another generation.',
  },
  'root-not-verified': {
    title: 'the root image does not match its root hash',
    advice:
      'root.img and the boot entry belong to different builds, or root.img is damaged. Boot another generation or write the medium anew.',
  },
  'root-damaged': {
    title: 'root.img is damaged',
    advice:
      'Nothing of it was run. Boot another generation or write the medium anew. A damaged metadata block can also mean that the boot entry belongs to another build.',
  },
  'root-unmountable': {
    title: 'the checked root cannot be mounted',
    advice: 'The kernel may lack squashfs or zstd; build the image with another kernel.',
  },
  'init-missing': {
    title: 'the image has no first program',
    advice:
      'Build the image anew: /sbin/init is missing or leads nowhere. Until then, boot another generation.',
  },
  'layout-unreadable': {
    title: 'the image has no readable layout',
    advice: 'Build the image anew: /usr/lib/kiln/layout.json is missing or invalid.',
  },
  'layout-failed': {
    title: 'the writable paths cannot be set up',
    advice: 'Check the disk that carries COS_PERSISTENT; the message says which path failed.',
  },
  'agent-defect': {
    title: 'a defect in kiln-agent itself',
    advice: 'Please report it with this message.',
  },
} as const satisfies Record<string, ReasonFacts>

export type FailureReason = keyof typeof failureFacts

/** The boot is refused. */
export class BootFailure extends ReasonError<FailureReason> {
  override readonly name = 'BootFailure'

  constructor(reason: FailureReason, detail: string, cause?: unknown) {
    super(failureFacts, reason, detail, cause)
  }
}

/** The framed message for the consoles, at most 78 columns wide. */
export function failureScreen(failure: BootFailure, notes: readonly string[]): string {
  const { title, advice } = failure
  const lines = [
    `kiln: boot refused: ${failure.reason}`,
    '',
    ...wrap(`${title}.`),
    ...wrap(failure.message),
    '',
    ...wrap(advice),
    ...(notes.length === 0 ? [] : ['', ...notes.flatMap((note) => wrap(`note: ${note}`))]),
  ]
  const rule = `+${'-'.repeat(76)}+`
  const body = lines.map((line) => `| ${line.padEnd(74)} |`)
  return ['', rule, ...body, rule, ''].join('\n')
}

function wrap(text: string, width = 74): string[] {
  const lines: string[] = []
  for (const part of text.split('\n')) {
    let line = ''
    for (const word of part.split(/\s+/).flatMap((long) => long.match(/.{1,74}/g) ?? [])) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line)
        line = ''
      }
      line += line === '' ? word : ` ${word}`
    }
    if (line !== '') lines.push(line)
  }
  return lines
}

/**
 * The block that dm-verity found changed, from the kernel's log: `data block 12` or `metadata block 3`.
 * Source of the text: drivers/md/dm-verity-target.c.
 */
export function corruptedBlock(kernelLog: string): string | undefined {
  const found = [...kernelLog.matchAll(/verity: .*?((?:data|metadata) block \d+) is corrupted/g)].at(0)
  return found?.[1]
}
