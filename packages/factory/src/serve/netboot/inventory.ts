import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { KilnError, parseOrThrow } from '@kiln/contract'
import * as z from 'zod'

/**
 * Which machines are started over the network, and what each of them gets: one YAML file. Closed: a key that is not here is an
 * error.
 */
const identity = z
  .strictObject({
    mac: z
      .string()
      .regex(/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/, 'is no MAC address')
      .transform((text) => text.toLowerCase().replaceAll('-', ':'))
      .optional(),
    uuid: z
      .string()
      .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, 'is no UUID')
      .transform((text) => text.toLowerCase())
      .optional(),
    serial: z.string().min(1).optional(),
  })
  .refine((match) => Object.keys(match).length > 0, 'must name mac, uuid or serial')

const action = z.enum(['boot', 'local'])

const Machine = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and -'),
  match: identity,
  /** boot: this system, in memory; local: its own disk. */
  action: action.default('boot'),
  /** `<name>:<tag>` or a part of it; default: the only one that is served. */
  image: z.string().optional(),
  /** Cloud-config; relative to the inventory. `[[[ key ]]]` in it stands for a value. */
  'cloud-config': z.string().optional(),
  values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cmdline: z.array(z.string().regex(/^\S+$/, 'must be one word')).default([]),
})

const Inventory = z.strictObject({
  /** What machines get that are not in the list: nothing, or their own disk. */
  unknown: z.enum(['refuse', 'local']).default('refuse'),
  machines: z.array(Machine).default([]),
})

export type Machine = z.infer<typeof Machine>
export type Inventory = z.infer<typeof Inventory> & { readonly folder: string }

/** How a machine calls itself; empty where its firmware does not know. */
export interface MachineIdentity {
  readonly mac: string
  readonly uuid: string
  readonly serial: string
}

/** @throws KilnError E-CONFIG-* with the place, E-CONFIG-BAD-VALUE where two machines cannot be told apart */
export function readInventory(file: string): Inventory {
  const text = readText(file)
  const inventory = parseOrThrow(Inventory, text, file).value
  const seen = new Map<string, string>()
  for (const { name, match } of inventory.machines) {
    for (const key of [`name ${name}`, ...Object.entries(match).map(([kind, value]) => `${kind} ${value}`)]) {
      const other = seen.get(key)
      if (other !== undefined) {
        throw new KilnError('E-CONFIG-BAD-VALUE', `${file}: ${other} and ${name} have the same ${key}`, {
          place: { file },
        })
      }
      seen.set(key, name)
    }
  }
  const folder = dirname(resolve(file))
  for (const machine of inventory.machines) renderConfig(machine, folder)
  return { ...inventory, folder }
}

/** The machine that all of its words fit, where a machine says something of itself. */
export function findMachine(
  { machines }: Pick<Inventory, 'machines'>,
  { mac, uuid, serial }: MachineIdentity,
): Machine | undefined {
  const said = {
    mac: mac.toLowerCase().replaceAll('-', ':'),
    uuid: uuid.toLowerCase(),
    serial,
  }
  return machines.find(({ match }) =>
    Object.entries(match).every(([kind, value]) => said[kind as keyof MachineIdentity] === value),
  )
}

/**
 * The cloud-config of a machine, with its values: `name`, and those of `values`.
 * @throws KilnError E-CONFIG-UNREADABLE, E-CONFIG-BAD-VALUE for a value that nobody gives
 */
export function renderConfig(machine: Machine, folder: string): string | undefined {
  const path = machine['cloud-config']
  if (path === undefined) return undefined
  const file = resolve(folder, path)
  const values = new Map(Object.entries({ ...machine.values, name: machine.name }))
  return readText(file).replaceAll(/\[\[\[\s*\.?([\w.-]+)\s*\]\]\]/g, (_, key: string) => {
    const value = values.get(key)
    if (value !== undefined) return String(value)
    throw new KilnError('E-CONFIG-BAD-VALUE', `${machine.name} has no value "${key}" for ${path}`, {
      place: { file },
      hint: `write it under values: of ${machine.name}`,
    })
  })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new KilnError('E-CONFIG-UNREADABLE', `${file} cannot be read`, { cause, place: { file } })
  }
}
