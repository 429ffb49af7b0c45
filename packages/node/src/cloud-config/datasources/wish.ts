import { parameter } from '@kiln/contract'
import type { Dmi } from '../facts/dmi.ts'
import { type ProviderName, providerNames } from './catalog.ts'

/** A data source that somebody named: on the kernel's command line or in the firmware, as cloud-init has it. */
export interface Wish {
  readonly provider: ProviderName | 'off'
  /** Where the seed is: `s=` or `seedfrom=`. */
  readonly seed: string | undefined
  /** `h=` or `local-hostname=`, `i=` or `instance-id=`. */
  readonly hostname: string | undefined
  readonly instanceId: string | undefined
  /** `imdsv1=true` */
  readonly allowV1: boolean
}

/** Other names: cloud-init's. */
const aliases: Readonly<Record<string, ProviderName | 'off'>> = {
  'nocloud-net': 'nocloud',
  configdrive: 'config-drive',
  ec2: 'aws',
  gce: 'gcp',
  equinix: 'packet',
  none: 'off',
}

/**
 * `ds=NAME;key=value;…` of the command line, or the same text as the serial number that SMBIOS tells (where a machine's
 * maker cannot be asked for a kernel's words). The command line counts for more.
 * @returns undefined where nothing is named; a text that says what is wrong with it
 */
export function readWish(
  words: readonly string[],
  dmi: Pick<Dmi, 'product_serial'>,
): Wish | string | undefined {
  if (['off', '0', 'no'].includes(parameter(words, 'kiln.datasource') ?? '')) return wish('off', new Map())
  const line = parameter(words, 'ds')
  if (line !== undefined) return parseWish(line)
  const serial = dmi.product_serial.match(/^ds=(.+)$/)?.[1]
  return serial === undefined ? undefined : parseWish(serial)
}

export function parseWish(text: string): Wish | string {
  const [name = '', ...rest] = text.split(';')
  const lower = name.trim().toLowerCase()
  const provider = aliases[lower] ?? providerNames.find((known) => known === lower)
  if (provider === undefined) {
    return `ds=${name}: no such data source; there are ${[...providerNames, 'off'].join(', ')}`
  }
  const keys = new Map(
    rest.filter(Boolean).map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
  return wish(provider, keys)
}

function wish(provider: Wish['provider'], keys: ReadonlyMap<string, string>): Wish {
  return {
    provider,
    seed: keys.get('s') ?? keys.get('seedfrom'),
    hostname: keys.get('h') ?? keys.get('local-hostname'),
    instanceId: keys.get('i') ?? keys.get('instance-id'),
    allowV1: keys.get('imdsv1') === 'true',
  }
}
