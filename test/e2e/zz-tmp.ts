import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { fileDigest } from '@kiln/factory/resolve/digest'
import { buildExample, freshFolder, repository } from './harness.ts'

test('the same definition gives the same bytes, wherever and by whomever it is built', async () => {
  const first = await buildFromNothing('examples/debian', {
    cwd: repository,
    umask: '022',
    env: { TZ: 'UTC', LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' },
  })
  const elsewhere = await freshFolder()
  const second = await buildFromNothing(relative(elsewhere, join(repository, 'examples/debian')), {
    cwd: elsewhere,
    umask: '022',
    env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'de_DE.UTF-8', LANG: 'tr_TR.UTF-8', SOURCE_DATE_EPOCH: '1' },
  })
  for (const name of ['root.img', 'initramfs', 'boot.efi', 'kernel', 'payload.json', 'iso']) {
    assert.ok(first[name], `${name} was made`)
  }
  assert.deepEqual(second, first)
})

/** Digests by the names of the payload's files, and of the ISO. */
async function buildFromNothing(
  definition: string,
  surroundings: NonNullable<Parameters<typeof buildExample>[1]>,
): Promise<Record<string, string>> {
  const [out, cache] = [await freshFolder(), await freshFolder()]
  const { iso, payload } = await buildExample({ out, cache, definition }, surroundings)
  const digests: Record<string, string> = { iso: await fileDigest(iso) }
  for (const name of (await readdir(payload.folder)).sort()) {
    digests[name] = await fileDigest(join(payload.folder, name))
  }
  return digests
}
