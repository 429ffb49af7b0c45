import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, lstat, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, type TestContext, test } from 'node:test'
import { parseImageReference } from '@kiln/contract'
import { containerToolPackages } from '@kiln/factory/bases/container-tools'
import { addLayout, named, openBundle } from '@kiln/factory/bundle/bundle-layout'
import { addExternal } from '@kiln/factory/bundle/external'
import { lockImages } from '@kiln/factory/bundle/locked-images'
import { loadDefinition } from '@kiln/factory/definition/load'
import { listDistros } from '@kiln/factory/distros/load'
import { pullPayload } from '@kiln/factory/registry/pull'
import { unpackWith } from '@kiln/factory/registry/unpack-image'
import { unpackSource } from '@kiln/factory/registry/unpack-source'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { treeDigest } from '@kiln/factory/tools/tar-digest'
import { nodeHost } from '@kiln/node/host/node'
import { openImages, openSource } from '@kiln/node/source/open'
import { parseImage } from '@kiln/node/source/reference'
import { usualPatience } from '@kiln/node/source/wire'
import { makeLayout, runScript, type Workshop } from './base-image.ts'
import { debianRoot } from './debian-root.ts'
import { freshFolder, isKiln, repository } from './harness.ts'
import { type Registry, startRegistry } from './registry.ts'
import {
  makeSampleArchive,
  makeSampleImage,
  makeSampleSystem,
  type SampleImage,
  type SampleSystem,
  sampleTag,
} from './sample-image.ts'

/** What containers carry, read by programs that Kiln did not write, and taken apart again. */
const { signal } = new AbortController()
const silent = { signal, line: () => {}, emit: () => {} }

let workshop: Workshop
let system: SampleSystem
let image: SampleImage

before(async () => {
  process.umask(0o022)
  const root = await debianRoot([
    ...containerToolPackages,
    ...['attr', 'docker-registry', 'libcap2-bin', 'mount', 'umoci'],
  ])
  workshop = { tools: root.whole, folder: await freshFolder() }
  system = await makeSampleSystem(workshop)
  await chmod(system.whole, 0o755)
  image = await makeSampleImage(system)
})

after(async () => {
  if (workshop) await removeTree(workshop.folder)
})

const options = (out: string, changes: { file?: string; arch?: 'amd64' | 'arm64' } = {}) => ({
  ...silent,
  ...{ reference: '', out, arch: 'amd64' as const, cacheFolder: '', tools: workshop.tools },
  access: { allowInsecure: true },
  ...changes,
})

describe('an image is taken apart', () => {
  test('a system: with owners, modes, links and capabilities', async () => {
    const out = join(await freshFolder(), 'root')
    const unpacked = await unpackWith(unpackSource(`oci-layout:${image.layout}:${sampleTag}`), options(out))
    assert.equal(unpacked.path, out)
    assert.equal(await treeDigest(out), await treeDigest(system.whole))
    assert.deepEqual(await readdir(join(out, '..')), ['root'])
  })

  test('one file of it', async () => {
    const folder = await freshFolder()
    const source = unpackSource(`ocifile:${image.layout}:${sampleTag}`)
    const into = await unpackWith(source, options(folder, { file: '/etc/link' }))
    assert.deepEqual([into.path, await readFile(into.path, 'utf8')], [join(folder, 'link'), 'a\n'])
    const named = await unpackWith(source, options(join(folder, 'mine'), { file: 'new/n' }))
    assert.equal(await readFile(named.path, 'utf8'), 'n\n')
    for (const file of ['none', 'etc', '../../etc/passwd', 'etc/broken']) {
      await assert.rejects(unpackWith(source, options(folder, { file })), isKiln('E-IMAGE-MISSING'), file)
    }
  })

  test('the disk image of a board, which some publish in an image', async () => {
    await runScript(
      workshop,
      `mkdir board; echo start > board/kairos.img; truncate --size=64M board/kairos.img
       tar --create --file=board.tar --directory=board kairos.img; gzip --keep board.tar`,
    )
    const packed = { file: 'board.tar.gz', plain: 'board.tar', packed: 'gzip' as const }
    const source = unpackSource(`oci-layout:${await makeLayout(workshop, 'boards', [packed])}:multi`)
    const folder = await freshFolder()
    const whole = await unpackWith(source, options(join(folder, 'whole'), { arch: 'arm64' }))
    assert.deepEqual(whole.names, ['kairos.img'])
    const single = await unpackWith(source, options(folder, { arch: 'arm64', file: 'kairos.img' }))
    const { size, blocks } = await stat(single.path)
    assert.deepEqual([size, blocks * 512 < 2 ** 20], [64 * 2 ** 20, true], 'its holes take no space')
  })

  test('not for an architecture that it does not have', async () => {
    const source = unpackSource(`oci-layout:${image.layout}:${sampleTag}`)
    const out = join(await freshFolder(), 'root')
    await assert.rejects(unpackWith(source, options(out, { arch: 'arm64' })), isKiln('E-IMAGE-MISSING'))
    await assert.rejects(lstat(out))
  })
})

describe('a file for Docker', () => {
  test('is the same each time, and the same image in both of its forms', async () => {
    const [first, second] = [await makeSampleArchive(system, image), await makeSampleArchive(system, image)]
    assert.equal(first.digest, second.digest)
    const mounts = [{ kind: 'file-ro' as const, source: first.file, target: '/run/work/archive.tar' }]
    const diffIds = async (transport: string) => {
      const name = `${transport}:/run/work/archive.tar`
      const config = await runScript(
        workshop,
        `skopeo --insecure-policy --tmpdir=/run/work/it inspect --config ${name}`,
        {
          mounts,
        },
      )
      return (JSON.parse(config) as { rootfs: { diff_ids: string[] } }).rootfs.diff_ids
    }
    const ids = await diffIds('docker-archive')
    assert.deepEqual(await diffIds('oci-archive'), ids)
    assert.ok(ids.length > 2)
    const tags = await runScript(
      workshop,
      'skopeo --tmpdir=/run/work/it list-tags docker-archive:/run/work/archive.tar',
      {
        mounts,
      },
    )
    assert.deepEqual((JSON.parse(tags) as { Tags: string[] }).Tags, [`sample:${sampleTag}`])
  })

  test('unpacks to the system', async () => {
    const { file } = await makeSampleArchive(system, image)
    const out = join(await freshFolder(), 'root')
    await unpackWith(unpackSource(`docker-archive:${file}`), options(out))
    assert.equal(await treeDigest(out), await treeDigest(system.whole))
  })
})

/** As a program of its own: what a node runs to fetch keeps this one busy. */
async function serving(t: TestContext, args: readonly string[] = [], path = image.layout): Promise<string> {
  const command = ['serve', path, '--listen', '0', '--json', ...args]
  const child = spawn(join(repository, 'kiln'), command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  t.after(async () => {
    child.kill('SIGINT')
    assert.equal(await ended, 0)
  })
  for await (const line of createInterface(child.stdout)) {
    const event = JSON.parse(line) as { readonly event?: string; readonly url: string }
    if (event.event === 'listening') return new URL(event.url).host
  }
  return assert.fail('it does not listen')
}

describe('a registry made by kiln serve', () => {
  const token = '0123456789abcdef0123456789abcdef'

  test('skopeo copies all of it, and digests stay', async (t) => {
    const host = await serving(t)
    const digest = await runScript(
      workshop,
      `skopeo --insecure-policy --tmpdir=/run/work/it copy --quiet --all --preserve-digests --src-tls-verify=false \
         --digestfile=digest docker://${host}/sample:${sampleTag} oci:copied:x
       cat digest`,
      { network: true },
    )
    assert.equal(digest.trim(), image.digest)
  })

  test('a node upgrades from it, with a token', async (t) => {
    const tokenFile = join(await freshFolder(), 'tokens')
    await writeFile(tokenFile, `${token}\n`)
    const host = await serving(t, ['--token-file', tokenFile])
    const auth = Buffer.from(`node:${token}`).toString('base64')
    const authFile = join(await freshFolder(), 'auth.json')
    await writeFile(authFile, JSON.stringify({ auths: { [host]: { auth } } }))
    const node = {
      arch: 'amd64' as const,
      settings: { registries: { [host]: { 'plain-http': true } }, allowInsecure: true },
      authFiles: [authFile],
      work: join(workshop.folder, 'work'),
      patience: { ...usualPatience, pause: 10 },
    }
    const source = openSource(nodeHost(), `oci:${host}/sample:${sampleTag}`, node)
    assert.deepEqual(source.describe(), { payload: system.payload.payload, digest: system.payload.digest })
    const target = await freshFolder()
    source.fetch('root.img', join(target, 'root.img'), () => {})
    assert.deepEqual(
      await readFile(join(target, 'root.img')),
      await readFile(join(system.payload.folder, 'root.img')),
    )
    assert.deepEqual(openImages(nodeHost(), parseImage(`${host}/sample`), node).tags(), [sampleTag])
    const stranger = openSource(nodeHost(), `oci:${host}/sample:${sampleTag}`, { ...node, authFiles: [] })
    assert.throws(() => stranger.describe())
  })

  test('kiln pull and kiln unpack take from it', async (t) => {
    const host = await serving(t)
    const reference = parseImageReference(`${host}/sample:${sampleTag}`)
    assert.ok(reference)
    const out = await freshFolder()
    const access = { allowInsecure: true }
    const pulled = await pullPayload(reference, { ...silent, tools: workshop.tools, access, out })
    assert.equal(pulled.digest, system.payload.digest)
    const root = join(await freshFolder(), 'root')
    await unpackWith(unpackSource(`${host}/sample:${sampleTag}`), options(root))
    assert.equal(await treeDigest(root), await treeDigest(system.whole))
    // The payload is an artifact: files, not layers.
    const [, payload = ''] = pulled.reference.split('@')
    const files = join(await freshFolder(), 'files')
    const unpacked = await unpackWith(unpackSource(`${host}/sample@${payload}`), options(files))
    assert.deepEqual(unpacked.names, [...system.payload.files].sort())
    const none = unpackSource(`${host}/sample:none`)
    await assert.rejects(unpackWith(none, options(join(files, 'x'))), isKiln('E-IMAGE-MISSING'))
  })
})

describe('a bundle for a place without a network', () => {
  let registry: Registry
  before(async () => {
    registry = await startRegistry(workshop)
    // As Docker writes them: an index of images in its own format. Their digests must not change on the way.
    await runScript(
      workshop,
      'mkdir hello; echo hi > hello/hi; tar --create --file=hello.tar --directory=hello hi',
    )
    await makeLayout(workshop, 'hello-layout', [{ file: 'hello.tar', plain: 'hello.tar' }])
    await runScript(
      workshop,
      `skopeo --insecure-policy --tmpdir=/run/work/it copy --quiet --all --format=v2s2 --dest-tls-verify=false \
         oci:hello-layout:multi docker://${registry.host}/tools/hello:1`,
      { network: true },
    )
  })
  after(() => registry?.stop())

  test('carries systems and images, by the lock, and a registry is made of it', async (t) => {
    const name = `${registry.host}/tools/hello:1`
    const folder = await freshFolder()
    await writeFile(
      join(folder, 'kiln.yaml'),
      `name: sample\nversion: v1.0.0\nimages: [{flavor: debian, release: "13"}]\nbundle: {images: ["${name}"]}\n`,
    )
    await writeFile(join(folder, 'kiln.lock'), 'schema: kiln.lock/v1\nkiln: v0.1.0\nsets: {}\n')
    const definition = loadDefinition(folder, listDistros())
    const access = { allowInsecure: true }
    const lock = { definition, tools: workshop.tools, access, signal }
    await assert.rejects(
      lockImages({ ...lock, renew: false, frozen: true }),
      isKiln('E-LOCK-STALE', /tools.hello/),
    )
    const [locked] = await lockImages({ ...lock, renew: false, frozen: false })
    assert.ok(locked)
    assert.match(await readFile(join(folder, 'kiln.lock'), 'utf8'), new RegExp(`${name}: ${locked.digest}`))
    assert.deepEqual(await lockImages({ ...lock, renew: false, frozen: true }), [locked])

    const bundle = await openBundle(join(folder, 'bundle'))
    const [own] = await addLayout(bundle, image.layout)
    assert.ok(own)
    const fetching = { ...silent, tools: workshop.tools, access, architectures: ['amd64'] as const }
    const hello = await addExternal(bundle, locked, fetching)
    const before = bundle.added()
    await addExternal(bundle, locked, fetching)
    assert.equal(bundle.added(), before, 'nothing is fetched twice')
    await bundle.finish([
      named(own, `sample:${sampleTag}`, sampleTag),
      named(hello, locked.reference, undefined),
    ])

    const host = await serving(t, [], join(folder, 'bundle'))
    const digest = await runScript(
      workshop,
      `skopeo --insecure-policy --tmpdir=/run/work/it --override-arch=amd64 copy --quiet --src-tls-verify=false \
         docker://${host}/tools/hello:1 dir:hello-copied
       skopeo --insecure-policy inspect --raw --tls-verify=false docker://${host}/tools/hello:1 | sha256sum
       skopeo --insecure-policy inspect --raw --tls-verify=false docker://${host}/sample:${sampleTag} | sha256sum`,
      { network: true },
    )
    assert.deepEqual(
      digest.match(/[0-9a-f]{64}/g)?.map((hex) => `sha256:${hex}`),
      [locked.digest, image.digest],
    )
    // A node that reaches no server at all.
    const node = {
      arch: 'amd64' as const,
      settings: { registries: {}, allowInsecure: false },
      authFiles: [],
      work: join(workshop.folder, 'work'),
      patience: usualPatience,
    }
    const source = openSource(nodeHost(), `ocifile:${join(folder, 'bundle')}:${sampleTag}`, node)
    assert.equal(source.describe().digest, system.payload.digest)
  })
})
