import { factsOf, type MachineFacts } from '@kiln/contract/cloud-config/facts'
import type { TemplateData, TemplateHost, Value } from '../template/index.ts'

/** What a plan depends on beside the configuration. */
export interface StageFacts {
  /** Looked at only by steps that ask for it: it takes a moment to gather. */
  readonly machine: MachineFacts
  /** os-release: NAME, PRETTY_NAME and ID; VERSION and VERSION_ID; ID and ID_LIKE. */
  readonly osNames: readonly string[]
  readonly osVersions: readonly string[]
  readonly osIds: readonly string[]
  readonly serviceManager: ServiceManager | undefined
  readonly templates: TemplateHost
}
export type ServiceManager = 'systemd' | 'openrc'

/** Facts of a machine that is known only by its file of facts. */
export function factsFromFile(machine: MachineFacts, templates: TemplateHost): StageFacts {
  const { name, vendor, version, release } = machine.os
  return {
    machine,
    osNames: [name, vendor].filter(Boolean),
    osVersions: [version, release].filter(Boolean),
    osIds: [vendor].filter(Boolean),
    serviceManager: vendor === '' ? undefined : vendor === 'alpine' ? 'openrc' : 'systemd',
    templates,
  }
}

/** @param assignments of os-release(5) */
export function osFacts(assignments: Readonly<Record<string, string>>) {
  const { NAME, PRETTY_NAME, ID, ID_LIKE, VERSION, VERSION_ID } = assignments
  const present = (texts: readonly (string | undefined)[]) =>
    texts.filter((text): text is string => Boolean(text))
  return {
    osNames: present([NAME, PRETTY_NAME, ID]),
    osVersions: present([VERSION, VERSION_ID]),
    osIds: present([ID, ...(ID_LIKE ?? '').split(/\s+/)]),
  }
}

/** `.Values.…` of all templates. */
export function templateData({ machine }: StageFacts): TemplateData {
  return { Values: machine as unknown as Value }
}

/** The host name has names of its own, beside `.Values`. */
export function hostnameData(facts: StageFacts): TemplateData {
  const { node, product, Random, ProtectedID } = facts.machine
  return {
    ...templateData(facts),
    UUID: product.uuid || node.machineid,
    Random,
    MachineID: node.machineid,
    ProtectedID,
  }
}

/** For plans without a machine: everything is empty. */
export const noMachine: MachineFacts = factsOf({})
