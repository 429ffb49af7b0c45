import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Payload } from './payload.ts'
import { changesBetween, comparePackages, parsePackages } from './payload-changes.ts'

const file = (name: string) => ({ file: name, digest: `sha256:${'ab'.repeat(32)}`, size: 1 })
const payload: Payload = {
  schema: 'kiln.payload/v1',
  image: {
    name: 'box',
    flavor: 'debian',
    flavorRelease: '13',
    variant: 'core',
    arch: 'amd64',
    device: 'generic',
    version: 'v1.0.0',
  },
  root: { ...file('root.img'), hashOffset: 1, rootHash: 'aa' },
  uki: file('boot.efi'),
  kernel: { ...file('vmlinuz'), version: '6.12.1-amd64' },
  initramfs: file('initramfs.img'),
  packages: { ...file('packages.json'), count: 1 },
  bootLoader: { version: '257', files: [] },
  cmdline: 'quiet',
  agent: { version: 'v0.1.0', digest: `sha256:${'ab'.repeat(32)}` },
}

const pack = (name: string, version: string, architecture = 'amd64') => ({ name, version, architecture })

describe('packages', () => {
  for (const [name, from, to, expected] of [
    ['the same', [pack('a', '1')], [pack('a', '1')], { added: [], removed: [], changed: [] }],
    [
      'one more, one less, one other',
      [pack('a', '1'), pack('b', '1'), pack('c', '1')],
      [pack('b', '2'), pack('c', '1'), pack('d', '4')],
      {
        added: [{ name: 'd', version: '4' }],
        removed: [{ name: 'a', version: '1' }],
        changed: [{ name: 'b', from: '1', to: '2' }],
      },
    ],
    [
      'of a second architecture',
      [pack('a', '1')],
      [pack('a', '1'), pack('a', '1', 'i386')],
      { added: [{ name: 'a:i386', version: '1' }], removed: [], changed: [] },
    ],
    [
      'for all architectures now',
      [pack('a', '1', 'all')],
      [pack('a', '2', 'amd64')],
      { added: [], removed: [], changed: [{ name: 'a', from: '1', to: '2' }] },
    ],
  ] as const) {
    test(name, () => assert.deepEqual(comparePackages(from, to), expected))
  }

  test('a list that is none is not known', () => {
    assert.deepEqual(
      parsePackages('{"packages":[{"name":"a","version":"1","architecture":"all","sha256":"x"}]}'),
      [pack('a', '1', 'all')],
    )
    for (const text of ['', '{}', '{"packages":[{}]}']) assert.equal(parsePackages(text), undefined)
  })
})

test('a payload is compared by its parts; what stays the same is not named', () => {
  const cmdline = (hash: string, more = '') => `quiet kiln.roothash=${hash} kiln.hashoffset=1${more}`
  const from = { payload: { ...payload, cmdline: cmdline('aa') }, packages: [pack('a', '1')] }
  assert.deepEqual(changesBetween(from, { ...from, payload: { ...payload, cmdline: cmdline('bb') } }), {
    packages: { added: [], removed: [], changed: [] },
  })
  const to = {
    payload: {
      ...payload,
      image: { ...payload.image, version: 'v2.0.0' },
      kernel: { ...payload.kernel, version: '6.13' },
      agent: { ...payload.agent, version: 'v9' },
      bootLoader: { ...payload.bootLoader, version: '258' },
      kubernetes: { distribution: 'k3s', version: 'v1.30.2+k3s1' },
      cmdline: cmdline('bb', ' debug'),
    },
    packages: undefined,
  }
  assert.deepEqual(changesBetween(from, to), {
    version: { from: 'v1.0.0', to: 'v2.0.0' },
    kernel: { from: '6.12.1-amd64', to: '6.13' },
    agent: { from: 'v0.1.0', to: 'v9' },
    bootLoader: { from: '257', to: '258' },
    kubernetes: { from: 'none', to: 'k3s v1.30.2+k3s1' },
    cmdline: { from: 'quiet', to: 'quiet debug' },
  })
})
