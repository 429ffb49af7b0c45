import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { ConversionParams } from '../plan/step.ts'
import { temporaryFolder } from '../testkit/testkit.ts'
import { osReleaseLines, releaseFile } from './release-file.ts'

const params: ConversionParams = {
  name: 'sample',
  identity: {
    flavor: 'debian',
    flavorRelease: '13',
    variant: 'core',
    arch: 'amd64',
    device: 'generic',
    version: 'v1.0.0+build.1',
  },
  family: 'debian',
  hostname: undefined,
  layout: { schema: 'kiln.layout/v1', ephemeral: [], persistent: [], store: '/usr/local' },
  services: { enable: [], mask: [] },
  files: 'f1',
  overlay: undefined,
  epoch: 1000,
}
const text = releaseFile(params, 'v9.9.9')

describe('/etc/kairos-release', () => {
  it('is lines of KEY="value", sorted, each key once', () => {
    const lines = text.trimEnd().split('\n')
    for (const line of lines) assert.match(line, /^KAIROS_[A-Z_]+="[^"]*"$/)
    const keys = lines.map((line) => line.slice(0, line.indexOf('=')))
    assert.deepEqual(keys, [...new Set(keys)].toSorted())
  })

  const expected: Readonly<Record<string, string>> = {
    KAIROS_FLAVOR: 'debian',
    KAIROS_FLAVOR_RELEASE: '13',
    KAIROS_FAMILY: 'debian',
    KAIROS_VARIANT: 'core',
    KAIROS_ARCH: 'amd64',
    KAIROS_TARGETARCH: 'amd64',
    KAIROS_MODEL: 'generic',
    KAIROS_VERSION: 'v1.0.0+build.1',
    KAIROS_RELEASE: 'v1.0.0+build.1',
    KAIROS_IMAGE_NAME: 'sample',
    KAIROS_NAME: 'kairos-core-debian-13',
    KAIROS_ID: 'kairos',
    KAIROS_FIPS: 'false',
    KAIROS_TRUSTED_BOOT: 'false',
    KAIROS_INIT_VERSION: 'v9.9.9',
  }

  it('says the same to a shell that reads it', (t) => {
    const file = join(temporaryFolder(t), 'release')
    writeFileSync(file, text)
    const names = Object.keys(expected)
    const script = `. "$1"; printf '%s\\n' ${names.map((name) => `"$${name}"`).join(' ')}`
    const { stdout } = spawnSync('sh', ['-euc', script, 'sh', file], { encoding: 'utf8' })
    assert.deepEqual(stdout.trimEnd().split('\n'), Object.values(expected))
  })

  it('adds to os-release what os-release(5) has for images', () => {
    assert.equal(
      osReleaseLines(params),
      'IMAGE_ID="sample"\nIMAGE_VERSION="v1.0.0+build.1"\nVARIANT_ID="core"\n',
    )
  })
})
