import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { Reproduction } from '@kiln/factory'
import { explainDifference } from '@kiln/factory/reproduce/explain'
import { openStore } from '@kiln/factory/run/store'
import { type Built, buildExample, cacheFolder, freshFolder, kiln, repository } from './harness.ts'

describe('kiln reproduce', () => {
  test('builds the example a second time from its lock, with the same bytes', async () => {
    const out = await freshFolder()
    const result = (await kiln(['reproduce', 'examples/debian', '--yes', '--out', out])) as Reproduction
    assert.ok(result.files.length >= 7)
    assert.deepEqual(
      result.files.filter(({ same }) => !same),
      [],
    )
    assert.deepEqual(result.differences, [])
  })
})

describe('two images that differ in one name', () => {
  let first: Built
  let second: Built
  let toolchain: { folder: string }

  before(async () => {
    const folder = join(await freshFolder(), 'definition')
    await cp(join(repository, 'examples/debian'), folder, {
      recursive: true,
      filter: (path) => !path.endsWith('/dist'),
    })
    first = await buildExample({ out: await freshFolder(), definition: folder })
    const file = join(folder, 'kiln.yaml')
    await writeFile(file, (await readFile(file, 'utf8')).replace('hostname: hello-kiln', 'hostname: other'))
    const result = await buildExample({ out: await freshFolder(), definition: folder })
    second = result
    const found = await openStore(cacheFolder).find(result.toolchain)
    assert.ok(found)
    toolchain = found
  })

  const explain = async (path: (built: Built) => string) => {
    const options = { toolchain, scratch: await freshFolder(), signal: new AbortController().signal }
    return explainDifference(path(first), path(second), options)
  }

  test('are told apart by that file of the root image alone', async () => {
    const differences = await explain(({ payload }) => join(payload.folder, 'root.img'))
    assert.deepEqual(differences, [{ place: 'root.img: /etc/hostname', what: 'content differs' }])
  })

  test('have the same initramfs and kernel', async () => {
    for (const file of ['initramfs', 'kernel']) {
      const [a, b] = [first, second].map(({ payload }) => join(payload.folder, file))
      assert.deepEqual(await readFile(a ?? ''), await readFile(b ?? ''))
    }
  })

  test('have ISOs that differ where the payload does', async () => {
    const places = (await explain(({ iso }) => iso)).map(({ place }) => place.replace(/^.*: /, ''))
    assert.deepEqual(places, [
      '/boot/grub/grub.cfg',
      '/efi.img',
      '/payload/payload.json',
      '/payload/root.img',
    ])
  })
})
