import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kvmObstacle } from './accel.ts'

describe('what speaks against KVM', () => {
  const table: readonly (readonly [
    what: string,
    device: boolean,
    arch: string,
    cpuInfo: string,
    found: RegExp | undefined,
  ])[] = [
    ['no device', false, 'x64', 'flags : vmx', /no \/dev\/kvm/],
    ['nothing on Intel', true, 'x64', 'model name : X\nflags\t\t: fpu vmx sse\n', undefined],
    ['nothing on AMD', true, 'x64', 'flags\t\t: fpu svm\n', undefined],
    ['a stand-in in software', true, 'x64', 'model name : vmx\nflags\t\t: fpu sse\n', /neither vmx nor svm/],
    ['nothing on other processors', true, 'arm64', 'Features : fp', undefined],
  ]
  for (const [what, device, arch, cpuInfo, found] of table) {
    it(what, () => {
      const reason = kvmObstacle(device, arch, cpuInfo)
      if (found) assert.match(reason ?? '', found)
      else assert.equal(reason, undefined)
    })
  }
})
