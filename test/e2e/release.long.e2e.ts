import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { artifactName, type ImageIdentity } from '@kiln/contract'
import { freshFolder, kiln, repository } from './harness.ts'

const kinds = ['.iso', '.raw', '.qcow2', '.vhd']
const count = 600

/**
 * A release as large as the field's was when it gave up on it: small files, but real names, signatures and commands. The
 * process is killed again and again, and files are lost.
 */
describe(`a release of ${count} artifacts, by the command`, () => {
  let folder: string
  const args = () => [
    ...['release', 'make', join(folder, 'dist'), '--name', 'fleet', '--key', join(folder, 'kiln.key')],
    ...['--require', 'checksum,signature,sbom', '--out', join(folder, 'release')],
  ]
  const store = () => join(folder, 'store')

  before(async () => {
    folder = await freshFolder()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    writeFileSync(join(folder, 'kiln.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }))
    writeFileSync(join(folder, 'kiln.pub'), publicKey.export({ format: 'pem', type: 'spki' }))
    writeFileSync(join(folder, 'policy.yaml'), 'keys: [kiln.pub]\n')
    mkdirSync(join(folder, 'dist'))
    for (let number = 0; number < count / kinds.length; number++) {
      const image: ImageIdentity = {
        flavor: 'debian',
        flavorRelease: '13',
        variant: 'core',
        arch: 'amd64',
        device: `board${number}`,
        version: 'v1.2.0',
      }
      for (const kind of [...kinds, '.spdx.json']) {
        const name = artifactName(image, kind)
        writeFileSync(join(folder, 'dist', name), `content of ${name}\n`)
      }
    }
  })

  test('is made, though it is killed again and again', async () => {
    for (const afterMs of [600, 900, 1200, 1500]) {
      const child = spawn(join(repository, 'kiln'), args(), { stdio: 'ignore', detached: true })
      await pause(afterMs)
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL')
      if (existsSync(join(folder, 'release/release.json'))) break
    }
    await kiln(args())
    const { artifacts, problems } = (await check(join(folder, 'release'))) as Checked
    assert.deepEqual([artifacts, problems], [count, []])
  })

  test('is published and found whole there', async () => {
    const policy = join(folder, 'policy.yaml')
    await kiln(['release', 'publish', join(folder, 'release'), '--to', store(), '--policy', policy])
    const { problems } = (await check(join(store(), 'fleet/v1.2.0'))) as Checked
    assert.deepEqual(problems, [])
    await kiln(['release', 'promote', 'fleet', 'v1.2.0', '--channel', 'edge', '--to', store()])
    const index = (await kiln(['release', 'list', 'fleet', '--to', store()])) as {
      readonly channels: Readonly<Record<string, readonly { readonly version: string }[]>>
    }
    assert.equal(index.channels.edge?.[0]?.version, 'v1.2.0')
  })

  test('misses each file that is lost', async () => {
    const release = join(folder, 'release')
    const names = readdirSync(release).filter((name) => !name.startsWith('release.json'))
    const step = Math.floor(names.length / 20)
    for (let at = 0; at < names.length; at += step) {
      const name = names[at] ?? ''
      const content = readFileSync(join(release, name))
      rmSync(join(release, name))
      await assert.rejects(check(release), (error: Error) => error.message.includes(`${name} is not there`))
      writeFileSync(join(release, name), content)
    }
  })

  function check(release: string): Promise<unknown> {
    return kiln(['release', 'check', release, '--policy', join(folder, 'policy.yaml')])
  }
})

interface Checked {
  readonly artifacts: number
  readonly problems: readonly unknown[]
}
