import assert from 'node:assert/strict'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseImageReference } from '@kiln/contract'
import { containerToolPackages } from '@kiln/factory/bases/container-tools'
import type { RegistryAccess } from '@kiln/factory/bases/registry-access'
import { pullPayload } from '@kiln/factory/registry/pull'
import { pushLayout } from '@kiln/factory/registry/push'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { treeDigest } from '@kiln/factory/tools/tar-digest'
import { nodeHost } from '@kiln/node/host/node'
import { SourceError, type SourceReason } from '@kiln/node/source/error'
import { openImages, openSource, type SourceOptions } from '@kiln/node/source/open'
import { parseImage } from '@kiln/node/source/reference'
import { usualPatience } from '@kiln/node/source/wire'
import { runScript, type Workshop } from './base-image.ts'
import { type DebianRoot, debianRoot } from './debian-root.ts'
import { freshFolder, isKiln } from './harness.ts'
import { type Registry, startRegistry } from './registry.ts'
import {
  makeSampleImage,
  makeSampleSystem,
  type SampleImage,
  type SampleSystem,
  sampleTag,
} from './sample-image.ts'

/** A system as a container image with its payload, through a real registry: made, pushed, fetched by the node, pulled. */
const login = { user: 'builder', password: 'p4ss: "word" of\\the-test' }
const encoded = Buffer.from(`${login.user}:${login.password}`).toString('base64')
const tag = sampleTag
const { signal } = new AbortController()

let tools: DebianRoot
let workshop: Workshop
let registry: Registry
let system: SampleSystem
let image: SampleImage

before(async () => {
  process.umask(0o022)
  tools = await debianRoot([
    ...containerToolPackages,
    'attr',
    'docker-registry',
    'libcap2-bin',
    'mount',
    'umoci',
  ])
  workshop = { tools: tools.whole, folder: await freshFolder() }
  registry = await startRegistry({ ...workshop, login })
  system = await makeSampleSystem(workshop)
  image = await makeSampleImage(system)
  await writeFile(join(workshop.folder, 'auth.json'), JSON.stringify(auths(encoded)))
})

after(async () => {
  await registry?.stop()
  if (workshop) await removeTree(workshop.folder)
})

const auths = (auth: string) => ({ auths: { [registry.host]: { auth } } })

function access(changes: Partial<RegistryAccess> = {}): RegistryAccess {
  return {
    authFile: join(workshop.folder, 'auth.json'),
    certFolder: registry.certs,
    allowInsecure: false,
    ...changes,
  }
}

const transfer = (changes?: Partial<RegistryAccess>) => ({
  tools: tools.whole,
  access: access(changes),
  signal,
  line: () => {},
})

function nodeOptions(changes: Partial<SourceOptions> = {}): SourceOptions {
  return {
    arch: 'amd64',
    settings: {
      registries: { [registry.host]: { ca: join(registry.certs, 'kiln.crt') } },
      allowInsecure: false,
    },
    authFiles: [join(workshop.folder, 'auth.json')],
    work: join(workshop.folder, 'work'),
    patience: { ...usualPatience, pause: 10 },
    ...changes,
  }
}

function expectReason(reason: SourceReason, action: () => unknown): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof SourceError, String(error))
    assert.equal(error.reason, reason, error.message)
    assert.ok(!error.message.includes(login.password) && !error.message.includes(encoded))
    return true
  })
}

describe('a system as a container image', () => {
  test('is the same each time it is made', async () => {
    assert.equal((await makeSampleImage(system)).digest, image.digest)
  })

  test('unpacks to what the layers are together', async () => {
    // umoci of this suite knows no zstd.
    const { layout } = await makeSampleImage(system, { compression: 'gzip' })
    await runScript(
      workshop,
      `skopeo --insecure-policy --tmpdir=/run/work/it copy --quiet oci:/run/work/layout:${tag} oci:single:x
       umoci unpack --image single:x bundle; umount bundle/rootfs 2> /dev/null || true`,
      { mounts: [{ kind: 'bind-ro', source: layout, target: '/run/work/layout' }] },
    )
    const unpacked = join(workshop.folder, 'bundle/rootfs')
    await chmod(unpacked, 0o755)
    await chmod(system.whole, 0o755)
    assert.equal(await treeDigest(unpacked), await treeDigest(system.whole))
  })
})

describe('a system in a registry', () => {
  const name = () => `${registry.host}/team/sample`
  const layout = () => ({ folder: image.layout, tag, digest: image.digest })

  test('is pushed to the byte, again and again', async () => {
    for (const _ of ['first', 'again']) await pushLayout(layout(), `${name()}:${tag}`, transfer())
    await pushLayout(layout(), `${name()}:other`, transfer())
  })

  test('is not pushed by a stranger, nor to a stranger', async () => {
    await writeFile(join(workshop.folder, 'wrong.json'), JSON.stringify(auths('eDp5')))
    const wrong = { authFile: join(workshop.folder, 'wrong.json') }
    await assert.rejects(
      pushLayout(layout(), `${name()}:x`, transfer(wrong)),
      isKiln('E-REGISTRY-DENIED', /does not take/),
    )
    const strange = transfer({ certFolder: undefined })
    await assert.rejects(pushLayout(layout(), `${name()}:x`, strange), isKiln('E-REGISTRY-INSECURE'))
  })

  test('gives a node its payload, by tag and by digest', async () => {
    for (const reference of [`oci:${name()}:${tag}`, `oci:${name()}@${image.digest}`]) {
      const source = openSource(nodeHost(), reference, nodeOptions())
      assert.deepEqual(source.describe(), { payload: system.payload.payload, digest: system.payload.digest })
      const target = await freshFolder()
      for (const file of system.payload.files) {
        source.fetch(file, join(target, file), () => {})
        assert.deepEqual(
          await readFile(join(target, file)),
          await readFile(join(system.payload.folder, file)),
          file,
        )
      }
    }
  })

  test('tells a node its tags', () => {
    const repository = openImages(nodeHost(), parseImage(name()), nodeOptions())
    assert.deepEqual(repository.tags().sort(), [tag, 'other'])
  })

  test('gives a stranger nothing', () => {
    const describeWith = (changes: Partial<SourceOptions>, tag = 'other') =>
      openSource(nodeHost(), `oci:${name()}:${tag}`, nodeOptions(changes)).describe()
    expectReason('unauthorized', () => describeWith({ authFiles: [] }))
    expectReason('unauthorized', () => describeWith({ authFiles: [join(workshop.folder, 'wrong.json')] }))
    expectReason('untrusted', () => describeWith({ settings: { registries: {}, allowInsecure: false } }))
    expectReason('not-found', () => describeWith({}, 'none'))
    expectReason('wrong-architecture', () => describeWith({ arch: 'arm64' }))
  })

  test('is pulled as files', async () => {
    const out = await freshFolder()
    const reference = parseImageReference(`${name()}:${tag}`)
    assert.ok(reference)
    const pulled = await pullPayload(reference, { ...transfer(), out })
    assert.deepEqual(pulled.digest, system.payload.digest)
    assert.deepEqual((await readdir(pulled.folder)).sort(), [...system.payload.files].sort())
    assert.deepEqual(await readdir(out), ['debian-13-core-amd64-generic-v1.0.0'])
    const none = parseImageReference(`${name()}:none`)
    assert.ok(none)
    await assert.rejects(pullPayload(none, { ...transfer(), out }), isKiln('E-IMAGE-MISSING'))
  })
})
