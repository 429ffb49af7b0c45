import type { ReasonFacts } from '../../reason-error.ts'

/** Why a remote configuration is not used. A reason is part of the interface: it is printed, recorded and searched for. */
export const remoteFacts = {
  'template-failed': {
    title: 'config_url cannot be filled in',
    advice: 'Check the template with kiln cloud-config render --for; nothing was fetched.',
  },
  'bad-address': {
    title: 'config_url is no address',
    advice: 'Write https://host/path, and after it #sha256=<64 hex digits> to pin its content.',
  },
  forbidden: {
    title: 'a server leads to an address of this machine itself',
    advice: 'Name that address in a configuration of the machine itself, if it is meant.',
  },
  unreachable: {
    title: 'a remote configuration could not be fetched',
    advice: 'Check network, name server and address. A copy of an earlier start is used, where there is one.',
  },
  'too-large': { title: 'a remote configuration is too large', advice: 'Make it smaller than 1 MiB.' },
  'too-slow': {
    title: 'a remote configuration did not come in time',
    advice: 'Look at the server; a configuration is fetched at each start.',
  },
  'too-deep': {
    title: 'remote configurations lead to too many others',
    advice: 'Put what they say into fewer files.',
  },
  cycle: {
    title: 'remote configurations lead back to one of them',
    advice: 'Remove config_url from the last one.',
  },
  'digest-mismatch': {
    title: 'a remote configuration is not the one that was pinned',
    advice: 'If it was changed on purpose, change the pin behind #sha256= as well.',
  },
  'no-header': {
    title: 'what was fetched is no cloud-config',
    advice: 'Its first line has to be #cloud-config. A page to log in to a network looks like that, too.',
  },
  offline: {
    title: 'there is no network yet, and no copy of an earlier start',
    advice: 'It is fetched when the network is up.',
  },
} as const satisfies Record<string, ReasonFacts>

export type RemoteReason = keyof typeof remoteFacts

export interface RemoteProblem {
  readonly reason: RemoteReason
  readonly detail: string
  /** The file or address that named it. */
  readonly origin: string
  /** Nobody may go on as if it were not there: it can only be a mistake. Others are told, and the rest acts. */
  readonly fatal: boolean
}
