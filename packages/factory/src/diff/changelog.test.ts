import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { curl, lock, set } from '../testkit/sample-lock.ts'
import { changelogOf } from './changelog.ts'
import { diffLocks } from './lock-diff.ts'

const named = (name: string, version: string) => ({ ...curl, name, version, sha256: 'cd'.repeat(32) })

describe('a changelog', () => {
  it('of two locks goes by component, and says the same thing once', () => {
    const kernel = ['6.12.1-1', '6.12.2-1'].map((version) => named('linux-image-cloud-amd64', version))
    const [older, newer] = kernel
    assert.ok(older && newer)
    const from = lock({
      'a/all': set(older, curl),
      'b/all': set(older, curl),
      'toolchain/amd64/all': set(curl),
    })
    const to = lock({
      'a/all': set(newer, named('grub-pc-bin', '2.12-9')),
      'b/all': set(newer, curl),
      'toolchain/amd64/all': set(named('curl', '9')),
    })
    assert.deepEqual(changelogOf(diffLocks(from, to)), [
      {
        component: 'Kernel and firmware',
        entries: [{ what: 'linux-image-cloud-amd64', from: '6.12.1-1', to: '6.12.2-1' }],
      },
      { component: 'Boot loader', entries: [{ what: 'grub-pc-bin', to: '2.12-9' }] },
      { component: 'Distribution', entries: [{ what: 'curl', from: curl.version }] },
      { component: 'Build tools', entries: [{ what: 'curl', from: curl.version, to: '9' }] },
    ])
  })

  it('of two payloads has their components and packages', () => {
    const changes = {
      version: { from: 'v1.0.0', to: 'v1.1.0' },
      kernel: { from: '6.12.1', to: '6.12.2' },
      packages: { added: [], removed: [], changed: [{ name: 'intel-microcode', from: '1', to: '2' }] },
    }
    const size = { from: 1, to: 1 }
    assert.deepEqual(changelogOf({ kind: 'payload', changes, files: [], same: 0, size, download: 1 }), [
      { component: 'System', entries: [{ what: 'version', from: 'v1.0.0', to: 'v1.1.0' }] },
      {
        component: 'Kernel and firmware',
        entries: [
          { what: 'intel-microcode', from: '1', to: '2' },
          { what: 'kernel', from: '6.12.1', to: '6.12.2' },
        ],
      },
    ])
  })

  it('of what is the same has nothing', () => {
    assert.deepEqual(changelogOf(diffLocks(lock(), lock())), [])
  })
})
