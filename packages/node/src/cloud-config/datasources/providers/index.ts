import { parameter } from '@kiln/contract'
import type { Host } from '../../../host/host.ts'
import { statIfThere } from '../../../host/tree.ts'
import { decodeBase64 } from '../../base64.ts'
import type { Ask } from '../ask.ts'
import type { ProviderName } from '../catalog.ts'
import type { Medium, Signs } from '../detect.ts'
import { type Metadata, metadata } from '../metadata.ts'
import { DataSourceError } from '../source-error.ts'
import type { Texts } from '../unpack.ts'
import { readAws } from './aws.ts'
import { readAzure, reportReady } from './azure.ts'
import { readDigitalOcean } from './digitalocean.ts'
import { readFwCfg } from './fw-cfg.ts'
import { readGcp } from './gcp.ts'
import { readHetzner } from './hetzner.ts'
import { readMaas } from './maas.ts'
import {
  configDriveFiles,
  configDriveMetadata,
  type Files,
  readMedium,
  seedFiles,
  seedMetadata,
} from './media.ts'
import { readMetaldata } from './metaldata.ts'
import { readSeed, withNames } from './nocloud.ts'
import { readOpenStack, readOracle } from './openstack.ts'
import { readPacket } from './packet.ts'
import { readScaleway } from './scaleway.ts'
import { guestInfo, readVmware } from './vmware.ts'
import { readVultr } from './vultr.ts'

/** What a source may use. */
export interface Surroundings {
  readonly host: Host
  readonly signs: Signs
  readonly ask: Ask
  readonly texts: Texts
  /** For `file`. */
  readonly path: string | undefined
}

/** One function for each source; undefined: there is nothing. @throws DataSourceError */
type Reader = (around: Surroundings) => Metadata | undefined

export const readers: Readonly<Record<ProviderName, Reader>> = {
  cdrom: (around) =>
    firstOf(around, (medium) => medium.optical || isLabelled(medium, 'cidata'), seedFiles, seedMetadata),
  'config-drive': (around) =>
    firstOf(around, (medium) => isLabelled(medium, 'config-2'), configDriveFiles, configDriveMetadata),
  'fw-cfg': ({ host }) => readFwCfg(host),
  vmware: ({ host, texts }) => readVmware(guestInfo(host), (bytes) => texts.unpack(bytes)),
  file: ({ host, path }) => {
    const size = path === undefined ? undefined : statIfThere(host, path)?.size
    return path === undefined || size === undefined
      ? undefined
      : metadata({ userdata: host.readBytes(path, 0, size) })
  },
  nocloud: ({ ask, signs: { wish } }) => {
    if (wish?.provider !== 'nocloud' || wish.seed === undefined) return undefined
    return withNames(readSeed(ask, webSeed(wish.seed)), wish)
  },
  maas: ({ host, ask, signs }) => {
    const url = signs.wish?.seed ?? parameter(signs.words, 'cloud-config-url')
    return url === undefined ? undefined : readMaas(ask, url, host.now())
  },
  aws: ({ ask, signs }) => readAws(ask, signs.wish?.allowV1 ?? false),
  azure: ({ ask }) => readAzure(ask),
  gcp: ({ ask }) => readGcp(ask),
  openstack: ({ ask }) => readOpenStack(ask),
  oracle: ({ ask }) => readOracle(ask, decodeBase64),
  digitalocean: ({ ask }) => readDigitalOcean(ask),
  hetzner: ({ ask }) => readHetzner(ask),
  vultr: ({ ask }) => readVultr(ask),
  scaleway: ({ ask }) => readScaleway(ask),
  packet: ({ ask }) => readPacket(ask),
  metaldata: ({ ask }) => readMetaldata(ask),
}

/** What a platform wants to be told when its data has arrived. */
export const reports: Readonly<Partial<Record<ProviderName, (ask: Ask) => void>>> = { azure: reportReady }

/** @throws DataSourceError unreadable: a seed named from outside may be read from a web server only */
export function webSeed(seed: string): string {
  if (/^https?:\/\/[^/]/.test(seed)) return seed
  throw new DataSourceError('unreadable', `the seed "${seed}" is no http:// or https:// address`)
}

function isLabelled({ label }: Medium, wanted: string): boolean {
  return label.toLowerCase() === wanted
}

/** The first of the media that fit which has something; those with the right label before mere discs. */
function firstOf(
  { host, signs, texts }: Surroundings,
  fits: (medium: Medium) => boolean,
  names: readonly string[],
  read: (files: Files, decode: (bytes: Uint8Array) => string) => Metadata | undefined,
): Metadata | undefined {
  const media = signs.media.filter(fits).toSorted((a, b) => Number(a.optical) - Number(b.optical))
  for (const medium of media) {
    const found = read(readMedium(host, medium, names), texts.decode)
    if (found) return found
  }
  return undefined
}
