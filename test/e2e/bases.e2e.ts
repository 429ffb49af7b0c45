import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { RegistryAccess } from '@kiln/factory/bases/registry-access'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { copyTree } from '@kiln/factory/tools/cp'
import { makeDeviceArchive, makeLayout, runScript } from './base-image.ts'
import {
  attributes,
  containerTools,
  freshFolder,
  importText,
  layout,
  listing,
  reference,
  resolveText,
  secure,
  signal,
  skopeo,
  workshop,
  writeWork,
} from './bases-harness.ts'
import { isKiln } from './harness.ts'

/** Bases that were made elsewhere, through a real registry on this machine and from files. */
describe('an image of a registry, unpacked', () => {
  test('has what the layers leave, and nothing of what they took away', async () => {
    const entries = new Map((await listing(reference.root)).map((entry) => [entry.path, entry]))
    const paths = [...entries.keys()]
    for (const path of [
      'opt/gone',
      'opt/kept/b',
      'srv/full/old',
      'srv/full/deep',
      'etc/second',
      '.dockerenv',
      'run/away',
    ]) {
      assert.ok(!paths.includes(path), `${path} is gone`)
    }
    for (const path of [
      'opt/kept/a',
      'srv/full/new',
      'becomes-folder/a',
      "opt/odd name 'quoted' \\ ü",
      'lower/file',
    ]) {
      assert.ok(paths.includes(path), `${path} is there`)
    }
    assert.deepEqual(
      paths.filter((path) => path.includes('.wh.')),
      [],
    )
    assert.equal(await readFile(join(reference.root, 'becomes-file'), 'utf8'), 'now\n')
    assert.equal(entries.get('to-lower')?.kind, 'd', 'a folder took the place of a link')
    assert.ok(paths.includes('to-lower/own'))
    assert.ok(!paths.includes('lower/own'))
  })

  test('keeps owners, modes, links, attributes and capabilities', async () => {
    const entries = new Map((await listing(reference.root)).map(({ path, ...rest }) => [path, rest]))
    const expected: Record<string, string> = {
      'home/u': 'd 700 1000:1000 ',
      'home/u/file': 'f 644 1000:1000 ',
      'usr/bin/su': 'f 4755 0:0 ',
      'var/lib/x': 'd 2775 0:50 ',
      'etc/link': 'l 777 0:0 first',
      'etc/broken': 'l 777 0:0 /nowhere',
      'usr/bin/alias': 'l 777 0:0 ../usr/bin/su',
      tmp: 'd 1777 0:0 ',
      dev: 'd 755 0:0 ',
      run: 'd 755 0:0 ',
      proc: 'd 555 0:0 ',
      sys: 'd 555 0:0 ',
    }
    for (const [path, text] of Object.entries(expected)) {
      const entry = entries.get(path)
      assert.equal(entry && `${entry.kind} ${entry.mode} ${entry.owner} ${entry.target}`, text, path)
    }
    assert.equal(
      entries.get('etc/first')?.inode,
      entries.get('etc/third')?.inode,
      'a hard link into a lower layer',
    )
    assert.equal(await attributes(reference.root), './usr/bin/ping cap_net_raw=ep\nhello')
  })

  test('is named by the digest of its manifest', async () => {
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
      readonly manifests: readonly { readonly digest: string }[]
    }
    assert.equal(reference.base.digest, index.manifests[0]?.digest)
    assert.deepEqual([reference.base.tracked, reference.base.kind], [true, 'oci'])
  })

  test('is the same for an index, a digest, and a mirror', async () => {
    const { digest } = reference.base
    const mirrored = 'kiln.invalid/any/base:v1'
    const conf = await writeWork(
      'registries.conf',
      `[[registry]]\nprefix = "kiln.invalid/any"\nlocation = "${secure.host}/os"\n`,
    )
    const cases: readonly (readonly [string, Partial<RegistryAccess>])[] = [
      [`oci:${secure.host}/os/multi:v1`, {}],
      [`oci:${secure.host}/os/base@${digest}`, {}],
      [`oci:${secure.host}/os/base:other@${digest}`, {}],
      [`oci:${mirrored}`, { registriesConf: conf }],
    ]
    for (const [text, access] of cases) {
      assert.equal((await resolveText(text, access)).digest, digest, text)
    }
    const imported = await importText(`oci:${mirrored}`, { registriesConf: conf })
    assert.equal(imported.digest, reference.digest)
  })
})

describe('the same tree comes from', () => {
  test('an image layout', async () => {
    for (const tag of ['base', 'multi']) {
      assert.equal((await importText(`oci-layout:${layout}:${tag}`)).digest, reference.digest, tag)
    }
  })

  test('a docker archive', async () => {
    await skopeo('copy', 'oci:layout:base', 'docker-archive:image.tar:kiln/base:v1')
    assert.equal((await importText('docker-archive:image.tar')).digest, reference.digest)
  })

  test('a tar file, packed in any way', async () => {
    const mounts = [{ kind: 'bind-ro', source: reference.root, target: '/run/work/root' }] as const
    const tar =
      "tar --create --directory=/run/work/root --numeric-owner --xattrs --xattrs-include='*' --format=posix ."
    await runScript(workshop, `${tar} > root.tar; gzip -k root.tar; zstd -q root.tar; xz -k -0 root.tar`, {
      mounts,
    })
    for (const name of ['root.tar', 'root.tar.gz', 'root.tar.zst', 'root.tar.xz']) {
      assert.equal((await importText(`tar:${name}`)).digest, reference.digest, name)
    }
  })

  test('a folder', async () => {
    await copyTree(reference.root, join(workshop.folder, 'folder'), signal)
    assert.equal((await importText('dir:folder')).digest, reference.digest)
  })

  test('a Containerfile', async () => {
    const folder = join(workshop.folder, 'context')
    await mkdir(folder)
    await writeFile(join(folder, 'Containerfile'), 'FROM scratch\nADD root.tar /\n')
    await runScript(workshop, 'cp root.tar context/')
    // Its own storage, so that nothing stays on the machine.
    const storage = await freshFolder()
    const conf = `[storage]\ndriver = "vfs"\ngraphroot = "${storage}/graph"\nrunroot = "${storage}/run"\n`
    process.env.CONTAINERS_STORAGE_CONF = await writeWork('storage.conf', conf)
    try {
      const { base, root } = await importText('containerfile:context/Containerfile')
      assert.equal(base.tracked, false)
      const entries = await listing(root)
      const expected = await listing(reference.root)
      assert.deepEqual(
        entries.map(({ inode: _, ...rest }) => rest),
        expected.map(({ inode: _, ...rest }) => rest),
      )
    } finally {
      delete process.env.CONTAINERS_STORAGE_CONF
      await removeTree(storage)
    }
  })
})

test('a whole Debian, packed as an image, is the same after its import', async () => {
  const mounts = [
    { kind: 'bind-ro', source: join(containerTools.base.folder, 'layer'), target: '/run/work/root' },
  ] as const
  const script =
    "tar --create --directory=/run/work/root --xattrs --xattrs-include='*' --format=posix . > debian.tar; zstd -1 -q debian.tar"
  await runScript(workshop, script, { mounts })
  const image = await makeLayout(workshop, 'debian', [
    { file: 'debian.tar.zst', packed: 'zstd', plain: 'debian.tar' },
  ])
  const { root } = await importText(`oci-layout:${image}:base`)
  const differences = await runScript(
    workshop,
    `diff --recursive --no-dereference --exclude=dev --exclude=run --exclude=tmp --exclude=proc --exclude=sys /run/work/root /run/work/other`,
    { mounts: [...mounts, { kind: 'bind-ro', source: root, target: '/run/work/other' }] },
  )
  assert.equal(differences, '')
  const count = await runScript(workshop, 'dpkg-query --root=/run/work/other -W | wc -l', {
    mounts: [{ kind: 'bind-ro', source: root, target: '/run/work/other' }],
  })
  assert.ok(Number(count) > 50)
})

test('devices stay where root builds, and are refused where an ordinary user does', async () => {
  await runScript(workshop, 'mkdir -p own/etc; echo ID=debian > own/etc/os-release; tar -C own -cf own.tar .')
  const devices = makeDeviceArchive(['dev/null', 'opt-device'])
  await writeFile(join(workshop.folder, 'devices.tar'), devices)
  const layers = ['own.tar', 'devices.tar'].map((file) => ({ file, plain: file }))
  const imported = importText(`oci-layout:${await makeLayout(workshop, 'devices', layers)}:base`)
  if (process.getuid?.() !== 0) return assert.rejects(imported, isKiln('E-PERMISSION', /opt-device/))
  const entries = await listing((await imported).root)
  assert.deepEqual(
    entries.filter(({ kind }) => kind === 'c').map(({ path }) => path),
    ['opt-device'],
  )
})
