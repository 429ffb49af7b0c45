import * as z from 'zod/mini'
import { decodeBase64 } from '../../base64.ts'
import { type Ask, ask, readJson } from '../ask.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'
import { part, parts, text } from './shapes.ts'

/** Format: Microsoft, "Azure Instance Metadata Service". */
const instanceUrl = 'http://169.254.169.254/metadata/instance?api-version=2021-02-01&format=json'

const Shape = z.object({
  compute: part({
    name: text,
    location: text,
    vmId: text,
    vmSize: text,
    zone: text,
    publicKeys: parts({ keyData: text }),
    userData: text,
    osProfile: part({ computerName: text }),
  }),
  network: part({
    interface: parts({
      ipv4: part({ ipAddress: parts({ privateIpAddress: text, publicIpAddress: text }) }),
    }),
  }),
})

export function readAzure(asker: Ask): Metadata {
  const answer = ask(asker, { url: instanceUrl, headers: ['Metadata: true'] })
  const { compute, network } = readJson(Shape, answer.text, 'metadata/instance')
  const address = network.interface?.[0]?.ipv4.ipAddress?.[0]
  return metadata({
    instanceId: compute.vmId,
    hostname: compute.osProfile?.computerName ?? compute.name,
    publicKeys: (compute.publicKeys ?? []).flatMap(({ keyData }) => keyData ?? []),
    extras: {
      availability_zone: compute.zone,
      // As the field calls it.
      compute_zone: compute.zone,
      instance_id: compute.vmId,
      instance_type: compute.vmSize,
      local_ipv4: address?.privateIpAddress,
      public_ipv4: address?.publicIpAddress,
      region: compute.location,
    },
    userdata: userdata(compute.userData),
  })
}

function userdata(encoded: string | undefined): Uint8Array | undefined {
  if (encoded === undefined || encoded === '') return undefined
  try {
    return decodeBase64(encoded)
  } catch (error) {
    throw new DataSourceError('unreadable', `compute.userData ${(error as Error).message}`, error)
  }
}

/** The host of the machine. Format: Microsoft, "Creating generalized images without a provisioning agent". */
const wireServer = 'http://168.63.129.16/machine'
const versionHeader = 'x-ms-version: 2012-11-30'

/** Without this report the platform takes the machine for one that never came up. */
export function reportReady(asker: Ask): void {
  const { text } = ask(asker, { url: `${wireServer}?comp=goalstate`, headers: [versionHeader] })
  asker({
    url: `${wireServer}?comp=health`,
    method: 'POST',
    headers: [versionHeader, 'Content-Type: text/xml;charset=utf-8', 'x-ms-agent-name: kiln-agent'],
    body: healthReport({
      incarnation: element(text, 'Incarnation'),
      container: element(text, 'ContainerId'),
      instance: element(text, 'InstanceId'),
    }),
  })
}

/** Numbers and GUIDs: nothing that would have to be escaped gets from one document into the other. */
function element(xml: string, name: string): string {
  const value = xml.match(new RegExp(`<${name}>\\s*([\\w.-]+)\\s*</${name}>`))?.[1]
  if (value === undefined) throw new DataSourceError('unreadable', `the goal state has no ${name}`)
  return value
}

function healthReport(ids: { incarnation: string; container: string; instance: string }): string {
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<Health xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
    `<GoalStateIncarnation>${ids.incarnation}</GoalStateIncarnation>`,
    `<Container><ContainerId>${ids.container}</ContainerId><RoleInstanceList><Role>`,
    `<InstanceId>${ids.instance}</InstanceId><Health><State>Ready</State></Health>`,
    '</Role></RoleInstanceList></Container></Health>',
  ].join('')
}
