import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type ErrorCode, isKilnError, KilnError, type KilnErrorInit } from '@kiln/contract'
import { plant, temporaryFolder } from '../testkit/testkit.ts'
import { loadDefinition } from './load.ts'
import { withPlace } from './places.ts'

const text = `name: sample
version: v1.0.0
images:
  - flavor: debian
    release: "13"
    packages: {add: [htop, editor], remove: [nano, bash]}
    kernel: {package: linux-image-cloud-amd64}
  - flavor: debian
    release: "12"
    packages: {add: [editor]}
`
const distros = [{ flavor: 'debian', releases: ['12', '13'] }]

/** Where an error is found to come from: `line:column` of each finding. */
function placesOf(t: TestContext, code: ErrorCode, init: KilnErrorInit, step?: string) {
  const folder = temporaryFolder(t)
  plant(folder, { 'kiln.yaml': text })
  const error = withPlace(new KilnError(code, 'what apt says', init), loadDefinition(folder, distros), step)
  assert.ok(isKilnError(error))
  assert.equal(error.place?.file, error.place && join(folder, 'kiln.yaml'))
  const places = error.findings.map(({ place }) => `${place?.line}:${place?.column}`)
  return { error, places }
}

describe('the place of an error', () => {
  type Case = readonly [
    what: string,
    code: ErrorCode,
    subjects: readonly string[],
    places: readonly string[],
    step?: string,
  ]
  const cases: readonly Case[] = [
    ['of an unknown package that is to be added', 'E-PACKAGE-UNKNOWN', ['htop'], ['6:22']],
    ['of an unknown package that is to be left out', 'E-PACKAGE-UNKNOWN', ['nano'], ['6:46']],
    ['of an unknown kernel', 'E-PACKAGE-UNKNOWN', ['linux-image-cloud-amd64'], ['7:23']],
    ['of several unknown packages', 'E-PACKAGE-UNKNOWN', ['htop', 'editor'], ['6:22', '6:28', '10:22']],
    [
      'of a package in the image of a step',
      'E-PACKAGE-UNKNOWN',
      ['editor'],
      ['10:22'],
      'debian-12-core-amd64-generic-v1.0.0/base',
    ],
    ['of a package that cannot be left out', 'E-PACKAGE-REQUIRED', ['bash'], ['6:52']],
    ['of no package that is added and cannot be left out', 'E-PACKAGE-REQUIRED', ['htop'], []],
    [
      'of a package that does not fit: the one that wants',
      'E-PACKAGE-UNSATISFIABLE',
      ['editor', 'htop'],
      ['6:28'],
    ],
    [
      'of a package that does not fit: what stands in its way',
      'E-PACKAGE-UNSATISFIABLE',
      ['libfoo', 'nano'],
      ['6:46'],
    ],
    ['of a package that nobody asked for', 'E-PACKAGE-UNSATISFIABLE', ['libfoo'], []],
    ['of a missing kernel', 'E-KERNEL-MISSING', [], ['7:13'], 'debian-13-core-amd64-generic-v1.0.0/validate'],
    ['of anything else', 'E-TOOL-FAILED', ['htop'], []],
  ]
  for (const [what, code, subjects, places, step] of cases) {
    it(`is found ${what}`, (t) => {
      const found = placesOf(t, code, { subjects, hint: 'do this' }, step)
      assert.deepEqual(found.places, places)
      assert.deepEqual([found.error.code, found.error.hint], [code, 'do this'])
    })
  }

  it('comes with all that was known before: what apt said, and what it is about', (t) => {
    const { error } = placesOf(t, 'E-PACKAGE-UNSATISFIABLE', { subjects: ['editor'], output: 'lines of apt' })
    assert.equal(error.message, 'what apt says')
    assert.deepEqual([error.output, error.subjects], ['lines of apt', ['editor']])
  })

  it('that is known stays', (t) => {
    const place = { file: 'kiln.lock' }
    const folder = temporaryFolder(t)
    plant(folder, { 'kiln.yaml': text })
    const error = new KilnError('E-PACKAGE-UNKNOWN', 'x', { place, subjects: ['htop'] })
    assert.equal(withPlace(error, loadDefinition(folder, distros)), error)
  })
})
