import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { loadDefinition } from './load.ts'

const distros = [{ flavor: 'debian', releases: ['13'] }]

describe('the device of an image', () => {
  const refused: readonly (readonly [
    what: string,
    image: string,
    artifacts: string,
    said: RegExp,
    hint: RegExp,
  ])[] = [
    ['a board that is not known', 'arch: arm64\n    device: rpi5', 'raw', /E-BOARD-UNKNOWN .*"rpi5"/, /rpi4/],
    ['a board by a slip', 'arch: arm64\n    device: rpi-4', 'raw', /E-BOARD-UNKNOWN/, /did you mean "rpi4"/],
    ['a board of another architecture', 'device: rpi4', 'raw', /E-CONFIG-BAD-VALUE .*arm64/, /^arch: arm64$/],
    ['the disk of a board for none', 'arch: arm64', 'img', /E-CONFIG-BAD-VALUE .*for boards/, /raw/],
    ['BIOS where there is none', 'arch: arm64\n    disk: {firmware: hybrid}', 'raw', /needs BIOS/, /uefi/],
    ['a BIOS disk where there is none', 'arch: arm64', 'raw-bios', /raw-bios needs BIOS/, /raw/],
  ]
  const write = (folder: string, image: string, artifacts: string) =>
    plant(folder, {
      'kiln.yaml': `name: a\nversion: v1.0.0\nartifacts: [${artifacts}]\nimages:\n  - flavor: debian\n    release: "13"\n    ${image}\n`,
    })

  for (const [what, image, artifacts, said, hint] of refused) {
    it(`is refused: ${what}`, async (t) => {
      const folder = temporaryFolder(t)
      write(folder, image, artifacts)
      const code = said.source.match(/^E-[A-Z-]+/)?.[0] ?? 'E-CONFIG-BAD-VALUE'
      const error = await expectCode(code as 'E-BOARD-UNKNOWN', () => loadDefinition(folder, distros))
      assert.equal(error.findings.length, 1)
      const [finding] = error.findings
      assert.match(`${finding?.code} ${finding?.message}`, said)
      assert.match(finding?.hint ?? '', hint)
      assert.equal(finding?.place?.file, join(folder, 'kiln.yaml'))
      assert.ok(finding?.place?.line)
    })
  }

  it('may be a board, with its disk and a container image around it', (t) => {
    const folder = temporaryFolder(t)
    write(folder, 'arch: arm64\n    device: rpi3', 'img, img-oci, iso')
    assert.equal(loadDefinition(folder, distros).images[0]?.identity.device, 'rpi3')
  })
})
