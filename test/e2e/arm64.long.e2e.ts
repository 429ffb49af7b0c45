import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { type ArtifactKind, artifactFile, imageTag, KilnError } from '@kiln/contract'
import type { BuildResult, BuiltImage } from '@kiln/factory'
import { bootArtifact } from '@kiln/factory/boot/artifact'
import { startMachine } from '@kiln/factory/boot/machine'
import { fileDigest } from '@kiln/factory/resolve/digest'
import { initramfsPrograms } from '@kiln/factory/verify/initramfs'
import { readPe } from '@kiln/factory/verify/pe'
import { freshFolder, kiln, repository } from './harness.ts'

/** Everything of the guest is emulated, and this machine may be busy with other things. */
const timeoutMs = 1_800_000

const up = /kiln: up: .* v0\.1\.0, (?:generation 1 \(good\), )?root verified, 0 failed units/

/** The example for another architecture than this machine's, for a generic machine and for a board. */
describe('an image for arm64', () => {
  let folder: string
  let generic: BuiltImage
  let board: BuiltImage

  before(async () => {
    folder = await freshFolder()
    generic = await build('generic', ['iso', 'raw'])
    board = await build('rpi4', ['img', 'img-oci'])
  })

  async function build(device: string, kinds: readonly ArtifactKind[]): Promise<BuiltImage> {
    const definition = join(folder, device)
    await cp(join(repository, 'examples/debian'), definition, { recursive: true })
    const file = join(definition, 'kiln.yaml')
    const text = await readFile(file, 'utf8')
    await writeFile(
      file,
      text
        .replace('    release: "13"\n', `    release: "13"\n    arch: arm64\n    device: ${device}\n`)
        .replace(/^artifacts:\n(?: {2}- \w+\n)+/m, `artifacts: [${kinds.join(', ')}]\n`),
    )
    const args = ['build', definition, '--yes', '--payload', '--out', folder]
    const [image] = ((await kiln(args)) as BuildResult).images
    if (!image) throw new KilnError('E-BUG', 'the build made no image')
    return image
  }

  const pathOf = ({ artifacts }: BuiltImage, kind: ArtifactKind): string =>
    artifacts.find((artifact) => artifact.kind === kind)?.path ?? assert.fail(`there is no ${kind}`)

  test('has programs of arm64 alone in what the machine starts first', async () => {
    const payload = generic.payload.folder ?? ''
    const [uki, loader, initramfs] = await Promise.all(
      ['boot.efi', 'systemd-boot.efi', 'initramfs'].map((file) => readFile(join(payload, file))),
    )
    assert.ok(uki && loader && initramfs)
    assert.deepEqual([readPe(uki).arch, readPe(loader).arch], ['arm64', 'arm64'])
    const programs = await initramfsPrograms(initramfs)
    assert.ok(programs.some(({ path }) => path === 'bin/kiln-agent'))
    assert.deepEqual([...new Set(programs.map(({ arch }) => arch))], ['arm64'])
  })

  test('is sound in all its artifacts', async () => {
    for (const path of [pathOf(generic, 'iso'), pathOf(generic, 'raw'), pathOf(board, 'img')])
      await kiln(['verify', path])
  })

  test('starts from an ISO', async () => {
    const { outcome, line, lastLines } = await bootArtifact(
      { artifact: pathOf(generic, 'iso'), timeoutMs },
      { emit: () => {} },
    )
    assert.equal(outcome, 'up', lastLines.join('\n'))
    assert.match(line ?? '', up)
  })

  test('starts from the disk of a board in a machine with UEFI, which leaves the first sector to the board', async () => {
    const disk = join(folder, 'card.img')
    execFileSync('cp', ['--sparse=always', pathOf(board, 'img'), disk])
    // Who makes the disk longer writes the new length into the first entry, whatever it is; firmware goes by its type and start.
    const entries = async () => {
      const handle = await open(disk)
      const { buffer } = await handle.read(Buffer.alloc(32), 0, 32, 446).finally(() => handle.close())
      return [buffer.toString('hex', 0, 12), buffer.toString('hex', 16)]
    }
    const before = await entries()
    {
      await using machine = await startMachine({
        arch: 'arm64',
        firmware: 'uefi',
        drives: [{ attach: 'disk', file: disk, format: 'raw', writes: 'kept' }],
      })
      await machine.waitFor(up, { timeoutMs })
    }
    assert.deepEqual(await entries(), before)
    assert.match(before[0] ?? '', /^00.{6}0c/)
  })

  test('comes whole out of the container image that carries it', async () => {
    const { identity } = board
    const layout = `oci-layout:${pathOf(board, 'img-oci')}:${imageTag(identity)}-img`
    const name = artifactFile(identity, 'img')
    const out = await freshFolder()
    await kiln(['unpack', layout, out, '--arch', 'arm64', '--file', `/artifacts/${name}`])
    assert.equal(await fileDigest(join(out, name)), await fileDigest(pathOf(board, 'img')))
  })
})
