import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import type { Entry } from '@kiln/factory/reproduce/compare'
import { listArtifact } from '@kiln/factory/reproduce/explain'
import { openStore } from '@kiln/factory/run/store'
import { debianRoot } from './debian-root.ts'
import { type Built, buildExample, cacheFolder, freshFolder, waitUntilUp } from './harness.ts'

test('a base that was made elsewhere becomes an image that boots, with the marks it came with', async () => {
  const folder = await freshFolder()
  const { base } = await debianRoot([])
  const archive = join(folder, 'base.tar')
  const mark = join(folder, 'made-elsewhere')
  await writeFile(mark, 'by hand\n')
  const packed = spawnSync('tar', [
    ...['--create', '--file', archive, '--numeric-owner', '--xattrs', '--xattrs-include=*'],
    ...['--directory', join(base.folder, 'layer'), '.'],
    ...['--directory', folder, '--transform', 's,^made-elsewhere$,./etc/made-elsewhere,', 'made-elsewhere'],
  ])
  assert.equal(packed.status, 0, String(packed.stderr))
  const lines = [
    'name: elsewhere',
    'version: v1.0.0',
    'images:',
    '  - flavor: debian',
    '    release: "13"',
    '    base: tar:base.tar',
  ]
  await writeFile(join(folder, 'kiln.yaml'), `${lines.join('\n')}\n`)
  const built = await buildExample({ out: await freshFolder(), definition: folder })
  const lock = await readFile(join(folder, 'kiln.lock'), 'utf8')
  assert.match(lock, /source: tar:base\.tar\n {4}digest: sha256:[0-9a-f]{64}\n/)
  const entries = await listPayload(built)
  assert.ok(entries.some(({ path }) => path === '/etc/made-elsewhere'))
  await using machine = await startMachine({ firmware: 'bios', drives: [artifactDrive(built.iso)] })
  assert.match(await waitUntilUp(machine), /root verified, 0 failed units/)
})

async function listPayload({ payload, toolchain }: Built): Promise<readonly Entry[]> {
  const found = await openStore(cacheFolder).find(toolchain)
  assert.ok(found)
  const options = { toolchain: found, scratch: await freshFolder(), signal: new AbortController().signal }
  return listArtifact('root', join(payload.folder, 'root.img'), options)
}
