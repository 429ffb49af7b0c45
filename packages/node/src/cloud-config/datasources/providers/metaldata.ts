import { type Ask, ask, askIfThere } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'

/** LinuxKit's own service, at a name of the local network. */
const base = 'http://metaldata/get'

export function readMetaldata(asker: Ask): Metadata {
  const read = (name: string) => askIfThere(asker, { url: `${base}/meta/${name}` })?.text.trim()
  const hostname = ask(asker, { url: `${base}/meta/hostname` }).text
  return metadata({
    instanceId: read('machine-id'),
    hostname,
    publicKeys: [read('authorized-keys') ?? ''],
    extras: {
      failure_domain: read('failure-domain'),
      machine_id: read('machine-id'),
      machine_type: read('machine-type'),
    },
    userdata: askIfThere(asker, { url: `${base}/user` })?.bytes,
  })
}
