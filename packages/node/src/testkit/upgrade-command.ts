import assert from 'node:assert/strict'
import type { Payload } from '@kiln/contract'
import { startOf } from './firmware.ts'
import { state } from './installed-node.ts'
import type { UpgradeNode } from './upgrade-node.ts'

/** Runs `kiln-agent upgrade`, which has to work. @returns its result */
export function upgrade(it: UpgradeNode, ...args: string[]): Record<string, unknown> {
  const { code, text } = it.agent('upgrade', ...args, '--json')
  assert.equal(code, 0, text)
  return (JSON.parse(text) as { readonly result: Record<string, unknown> }).result
}

export function refused(it: UpgradeNode, message: RegExp, ...args: string[]): number {
  const { code, text } = it.agent('upgrade', ...args)
  assert.notEqual(code, 0)
  assert.match(text, message)
  return code
}

export const states = (it: UpgradeNode) =>
  it.record().generations.map(({ number, status, image }) => `${number} ${status} ${image.version}`)
export const slots = (it: UpgradeNode) => it.host.list(`${state}/slots`)
export const slotOf = (it: UpgradeNode, version: string) => it.payloads.get(version)?.root.rootHash ?? ''
export const next = (it: UpgradeNode) => {
  const { entry, version } = startOf(it)
  return `${entry} ${version}`
}
export const withVersion = (version: string) => (card: Payload) => ({
  ...card,
  image: { ...card.image, version },
})
export const withLoader = (version: string) => (card: Payload) => ({
  ...card,
  bootLoader: { ...card.bootLoader, version },
})
