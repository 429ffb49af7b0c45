import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sbomProblem } from './sbom-subject.ts'

const image = 'debian-13-core-amd64-generic-v1.0.0'
const spdx = (name: string) => JSON.stringify({ spdxVersion: 'SPDX-2.3', name })
const cycloneDx = (name: string) =>
  JSON.stringify({ bomFormat: 'CycloneDX', metadata: { component: { name } } })

for (const [what, text, problem] of [
  ['SPDX of the image', spdx(`kairos-${image}`), undefined],
  ['CycloneDX of the image', cycloneDx(`kairos-${image}`), undefined],
  ['SPDX of another version', spdx('kairos-debian-13-core-amd64-generic-v1.0.1'), /v1\.0\.1$/],
  ['CycloneDX of another device', cycloneDx('kairos-debian-13-core-arm64-rpi4-v1.0.0'), /rpi4-v1\.0\.0$/],
  ['SPDX by a tool that calls the image something else', spdx('/mnt/root'), undefined],
  ['other JSON', '{"name": "x"}', /neither/],
  ['no JSON', 'SPDXVersion: SPDX-2.3', /neither/],
  ['nothing', '', /neither/],
] as const) {
  test(`${what} is ${problem ? 'refused' : 'taken'}`, () => {
    const found = sbomProblem(text, image)
    if (problem) assert.match(found ?? '', problem)
    else assert.equal(found, undefined)
  })
}
