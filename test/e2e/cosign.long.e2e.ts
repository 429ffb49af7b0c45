import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KilnError } from '@kiln/contract'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { runScript, type Workshop } from './base-image.ts'
import { debianRoot } from './debian-root.ts'
import { freshFolder, kiln } from './harness.ts'

/** What Kiln signs and attests, before the real cosign; with a key that cosign made and encrypted. */
const password = 'p4ss: "word"'

describe('cosign of Debian', () => {
  let workshop: Workshop
  const at = (name: string) => join(workshop.folder, name)
  const env = { COSIGN_PASSWORD: password }

  /** Nothing of Sigstore's own trust root is needed, and there is no log. */
  const alone = '--new-bundle-format --trusted-root no-root.json --insecure-ignore-tlog=true'
  const cosign = (command: string) =>
    runScript(
      workshop,
      `export HOME=$PWD COSIGN_PASSWORD=${JSON.stringify(password).replaceAll('$', '\\$')}; cosign ${command}`,
    )
  const isRefused = (error: unknown) =>
    error instanceof KilnError && error.code === 'E-TOOL-FAILED' && /rror/.test(error.output ?? '')

  before(async () => {
    workshop = { tools: (await debianRoot(['cosign'])).whole, folder: await freshFolder() }
    await cosign('generate-key-pair')
    await writeFile(at('a.iso'), randomBytes(3 << 20))
    await writeFile(at('b.iso'), 'b')
    await writeFile(at('a.spdx.json'), JSON.stringify({ spdxVersion: 'SPDX-2.3', name: 'a' }))
    await writeFile(
      at('no-root.json'),
      JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' }),
    )
    const key = ['--key', at('cosign.key')]
    await kiln(['sign', at('a.iso'), ...key], { env })
    await kiln(['attest', at('a.iso'), '--type', 'spdx', '--predicate', at('a.spdx.json'), ...key], { env })
  })

  after(async () => {
    if (workshop) await removeTree(workshop.folder)
  })

  const verifyBlob = (file: string, key = 'cosign.pub') =>
    cosign(`verify-blob --key ${key} --bundle a.iso.sigstore.json ${alone} ${file}`)
  const verifyAttestation = (file: string) =>
    cosign(
      `verify-blob-attestation --key cosign.pub --bundle a.iso.spdx.json.att --type spdxjson ${alone} ${file}`,
    )

  test('takes the signature of the file, and of no other', async () => {
    await verifyBlob('a.iso')
    await assert.rejects(verifyBlob('b.iso'), isRefused)
  })

  test('takes the attestation of the file, and of no other', async () => {
    await verifyAttestation('a.iso')
    await assert.rejects(verifyAttestation('b.iso'), isRefused)
  })

  test('refuses what another key signed', async () => {
    await runScript(workshop, 'cp cosign.pub own.pub; mkdir -p other')
    await cosign('generate-key-pair --output-key-prefix other/it')
    await assert.rejects(verifyBlob('a.iso', 'other/it.pub'), isRefused)
  })

  test('signs what Kiln takes', async () => {
    await cosign(
      `sign-blob --yes --key cosign.key --bundle b.iso.sigstore.json --new-bundle-format --tlog-upload=false b.iso`,
    )
    await writeFile(at('policy.yaml'), 'keys: [cosign.pub]\n')
    assert.match(await readFile(at('b.iso.sigstore.json'), 'utf8'), /messageSignature/)
    await kiln(['verify', '--policy', at('policy.yaml'), at('b.iso')])
  })
})
