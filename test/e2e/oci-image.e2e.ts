import assert from 'node:assert/strict'
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseImageReference } from '@kiln/contract'
import { containerToolPackages } from '@kiln/factory/bases/container-tools'
import type { RegistryAccess } from '@kiln/factory/bases/registry-access'
import { makeImageLayers } from '@kiln/factory/carriers/oci/image-layers'
import { makeOci } from '@kiln/factory/carriers/oci/oci'
import { pullPayload } from '@kiln/factory/registry/pull'
import { pushLayout } from '@kiln/factory/registry/push'
import { layerOf } from '@kiln/factory/rootfs/layers'
import type { StepContext } from '@kiln/factory/run/engine'
import { removeTree } from '@kiln/factory/run/remove-tree'
import type { StoredResult } from '@kiln/factory/run/store'
import { runInSandbox } from '@kiln/factory/sandbox/sandbox'
import { treeDigest } from '@kiln/factory/tools/tar-digest'
import { nodeHost } from '@kiln/node/host/node'
import { SourceError, type SourceReason } from '@kiln/node/source/error'
import { openImages, openSource, type SourceOptions } from '@kiln/node/source/open'
import { parseImage } from '@kiln/node/source/reference'
import { usualPatience } from '@kiln/node/source/wire'
import { type MadePayload, makePayload } from '@kiln/node/testkit/payload-files'
import { runScript, type Workshop } from './base-image.ts'
import { type DebianRoot, debianRoot } from './debian-root.ts'
import { freshFolder, isKiln } from './harness.ts'
import { type Registry, startRegistry } from './registry.ts'

/** A system as a container image with its payload, through a real registry: made, pushed, fetched by the node, pulled. */
const login = { user: 'builder', password: 'p4ss: "word" of\\the-test' }
const encoded = Buffer.from(`${login.user}:${login.password}`).toString('base64')
const tag = '13-core-amd64-generic-v1.0.0'
const { signal } = new AbortController()

let tools: DebianRoot
let workshop: Workshop
let registry: Registry
let made: MadePayload
let layers: { readonly packages: string; readonly convert: string }
let image: { readonly layout: string; readonly digest: string }

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
  made = makePayload(join(workshop.folder, 'payload'))
  await mkdir(join(workshop.folder, 'root-image'))
  await copyFile(join(made.folder, 'root.img'), join(workshop.folder, 'root-image/root.img'))
  layers = await makeLayers()
  image = await makeImage()
  await writeFile(join(workshop.folder, 'auth.json'), JSON.stringify(auths(encoded)))
})

after(async () => {
  await registry?.stop()
  if (workshop) await removeTree(workshop.folder)
})

const auths = (auth: string) => ({ auths: { [registry.host]: { auth } } })

const lowest = String.raw`
cd packages/layer
mkdir -p bin dev etc/sub/deep opt/gone/x proc run srv/again/in sys tmp usr home/u
cp /usr/bin/dash bin/sh; cp /usr/bin/dash bin/ping; setcap cap_net_raw+ep bin/ping
cp /usr/bin/dash bin/su; chmod 4755 bin/su; chmod 1777 tmp
echo a > etc/a; ln etc/a etc/hard; ln -s a etc/link; ln -s /nowhere etc/broken; echo gone > etc/gone
echo old > srv/again/old; echo x > srv/again/in/x; echo y > opt/gone/x/y; mkfifo etc/fifo
mkdir etc/to-file; echo x > etc/to-file/x; echo y > etc/to-folder; touch 'etc/two
lines' 'etc/ü' "etc/$(printf '\377')"
setfattr --name=user.kiln --value=hello etc/a; chown -R 1000:1000 home/u; chmod 2750 home/u
`
const uppermost = String.raw`
rm /etc/gone /etc/to-folder '/etc/two
lines'
rm -r /opt/gone /srv/again /etc/to-file
mkdir -p /srv/again/in /etc/to-folder /new; echo new > /srv/again/new; echo n > /new/n; echo f > /etc/to-file
chmod 700 /etc/sub; echo x > /etc/to-folder/x
printf 'KAIROS_IMAGE_NAME="sample"\nKAIROS_VERSION="v1.0.0"\n' > /etc/kairos-release
`

/** Two layers, the upper one with the marks that overlayfs leaves; its changes are made by the programs of the lowest root. */
async function makeLayers() {
  const packages = join(workshop.folder, 'packages')
  const convert = join(workshop.folder, 'convert')
  for (const folder of [packages, convert]) await mkdir(join(folder, 'layer'), { recursive: true })
  await runScript(workshop, lowest)
  const upper = { folder: layerOf({ folder: convert }), work: join(workshop.folder, 'overlay-work') }
  const sandbox = {
    root: { layers: [join(tools.whole.folder, 'root')] as const },
    mounts: [{ kind: 'bind' as const, source: workshop.folder, target: '/run/work/it' }],
    scratch: workshop.folder,
  }
  await mkdir(upper.work)
  const script = `
cd /run/work/it; mkdir merged
mount -t overlay -o lowerdir=packages/layer,upperdir=convert/layer,workdir=overlay-work$OPTIONS kiln merged
${uppermost.replaceAll(/ '?\//g, (found) => found.replace('/', 'merged/')).replaceAll('> /', '> merged/')}
mkdir whole; cp --archive merged/. whole/`
  const options = process.getuid?.() === 0 ? '' : ',userxattr'
  await runInSandbox(sandbox, ['sh', '-euc', script], { env: { OPTIONS: options } })
  return { packages, convert }
}

async function makeImage() {
  const [out, scratch] = [await freshFolder(), await freshFolder()]
  const packed = { out: await freshFolder(), scratch: await freshFolder() }
  const result = (folder: string) => ({ folder }) as StoredResult<never>
  const surroundings = { signal, line: () => {}, progress: () => {} }
  const tree = { packages: result(layers.packages), toolchain: result(tools.whole.folder) }
  const compression = 'zstd'
  await makeImageLayers(
    {
      id: 'image-layers',
      kind: 'image-layers',
      title: 'image layers',
      params: { compression },
      inputs: { packages: '', toolchain: '' },
    },
    { inputs: tree, ...packed, ...surroundings },
  )
  const context: StepContext<'oci'> = {
    inputs: {
      ...tree,
      'image-layers': result(packed.out),
      convert: result(layers.convert),
      payload: result(made.folder),
      'root-image': result(join(workshop.folder, 'root-image')),
    },
    ...{ out, scratch, ...surroundings },
  }
  const params = {
    file: 'sample.oci',
    tag,
    arch: 'amd64' as const,
    compression,
    epoch: 1_700_000_000,
  } as const
  const inputs = {
    ...{ packages: '', convert: '', 'image-layers': '', toolchain: '' },
    ...{ payload: '', 'root-image': '' },
  }
  const { digest = '' } = await makeOci({ id: 'oci', kind: 'oci', title: 'oci', params, inputs }, context)
  return { layout: join(out, 'sample.oci'), digest }
}

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
    assert.equal((await makeImage()).digest, image.digest)
  })

  test('unpacks to what the layers are together', async () => {
    await runScript(
      workshop,
      `skopeo --insecure-policy --tmpdir=/run/work/it copy --quiet --dest-compress-format=gzip --dest-force-compress-format \
         oci:/run/work/layout:${tag} oci:single:x
       umoci unpack --image single:x bundle; umount bundle/rootfs 2> /dev/null || true`,
      { mounts: [{ kind: 'bind-ro', source: image.layout, target: '/run/work/layout' }] },
    )
    const unpacked = join(workshop.folder, 'bundle/rootfs')
    await chmod(unpacked, 0o755)
    await chmod(join(workshop.folder, 'whole'), 0o755)
    assert.equal(await treeDigest(unpacked), await treeDigest(join(workshop.folder, 'whole')))
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
      assert.deepEqual(source.describe(), { payload: made.payload, digest: made.digest })
      const target = await freshFolder()
      for (const file of made.files) {
        source.fetch(file, join(target, file), () => {})
        assert.deepEqual(await readFile(join(target, file)), await readFile(join(made.folder, file)), file)
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
    assert.deepEqual(pulled.digest, made.digest)
    assert.deepEqual((await readdir(pulled.folder)).sort(), [...made.files].sort())
    assert.deepEqual(await readdir(out), ['debian-13-core-amd64-generic-v1.0.0'])
    const none = parseImageReference(`${name()}:none`)
    assert.ok(none)
    await assert.rejects(pullPayload(none, { ...transfer(), out }), isKiln('E-IMAGE-MISSING'))
  })
})
