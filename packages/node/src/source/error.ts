import { ReasonError, type ReasonFacts } from '../reason-error.ts'

/** Why a payload cannot be had. A reason is part of the interface: it is printed, stored, and searched for. */
export const sourceFacts = {
  'bad-reference': {
    title: 'the reference cannot be read',
    advice:
      'Write oci:<registry>/<name>:<tag>, ocifile:<path>, dir:<folder>, file:<archive> or https://<folder>.',
  },
  'bad-settings': {
    title: 'settings or credentials for registries cannot be read',
    advice: 'Mend the file that the message names.',
  },
  'not-found': {
    title: 'there is nothing of that name',
    advice: 'Check name, tag and digest; kiln push says under which name it put an image.',
  },
  unauthorized: {
    title: 'the registry does not let in',
    advice:
      'Put credentials, as docker login writes them, into /etc/kiln/registry-auth.json by a cloud-config in /oem. Those that are there may be wrong, expired, or for less than this.',
  },
  untrusted: {
    title: 'the certificate of the server is not trusted',
    advice:
      'Name the file of its authority as ca under kiln.registries in the cloud-config, and check that the clock is right.',
  },
  insecure: {
    title: 'the server would be reached without encryption',
    advice: 'Use https, or allow it with plain-http: true under kiln.registries in the cloud-config.',
  },
  unreachable: {
    title: 'the server does not answer',
    advice: 'Check network and name; running the same command again goes on where this one stopped.',
  },
  truncated: {
    title: 'the transfer broke off and could not be finished',
    advice: 'Running the same command again goes on where this one stopped.',
  },
  'digest-mismatch': {
    title: 'the bytes are not those that were named',
    advice: 'Nothing of them is used. Push the image anew, or look into the proxy or mirror on the way.',
  },
  'wrong-media': {
    title: 'there is something of that name, but no payload',
    advice: 'Put it there with kiln push: an ordinary container image cannot be installed.',
  },
  'wrong-architecture': {
    title: 'there is no payload for this architecture',
    advice: 'Name an image that was built for the architecture of this machine.',
  },
  'bad-payload': {
    title: 'the payload is not what this program understands',
    advice: 'Build and push it anew, or upgrade to a version of about the same age first.',
  },
  'no-space': {
    title: 'no space is left for what is fetched',
    advice: 'Free some space, or remove old generations.',
  },
  unreadable: {
    title: 'the file or folder cannot be read',
    advice: 'Check the path and the medium that it is on.',
  },
  'tool-missing': {
    title: 'a program that is needed is not in this image',
    advice: 'Build the image with it: curl, tar and sha256sum fetch and check payloads.',
  },
} as const satisfies Record<string, ReasonFacts>

export type SourceReason = keyof typeof sourceFacts

/** A payload cannot be had. The message names what it was about; it never holds a secret. */
export class SourceError extends ReasonError<SourceReason> {
  override readonly name = 'SourceError'

  constructor(reason: SourceReason, detail: string, cause?: unknown) {
    super(sourceFacts, reason, detail, cause)
  }
}
