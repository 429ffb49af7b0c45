import assert from 'node:assert/strict'
import { constants, copyFile, type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { Payload } from '@kiln/contract'
import { defaultUntil } from '@kiln/factory/boot/artifact'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'
import { type Built, bootTimeoutMs, buildExample, freshFolder } from './harness.ts'

/** What only a system that has been started says. */
const started = /kiln: up:|systemd\[1\]|Welcome to/

describe('an ISO with one changed byte in its root image', { concurrency: 2 }, () => {
  let built: Built

  before(async () => {
    built = await buildExample({ out: await freshFolder() })
  })

  const cases = [
    {
      where: 'the middle of the data',
      firmware: 'uefi',
      position: (dataSize: number) => Math.floor(dataSize / 2),
    },
    { where: 'the superblock', firmware: 'bios', position: () => 8 },
  ] as const

  for (const { where, firmware, position } of cases) {
    test(`in ${where}: refuses to boot (${firmware.toUpperCase()})`, async () => {
      const { root } = Payload.parse(
        JSON.parse(await readFile(join(built.payload.folder, 'payload.json'), 'utf8')),
      )
      const damaged = join(await freshFolder(), 'damaged.iso')
      await copyFile(built.iso, damaged, constants.COPYFILE_FICLONE)
      await flipByte(damaged, join(built.payload.folder, root.file), position(root.hashOffset))
      await using machine = await startMachine({ firmware, drives: [artifactDrive(damaged)], noReboot: true })

      const outcome = await machine.outcome({ up: defaultUntil }, { timeoutMs: bootTimeoutMs })

      const said = machine.console.lastLines(60).join('\n')
      assert.equal(outcome.kind, 'ended', `it restarts instead of coming up\n${said}`)
      assert.match(said, /kiln: boot refused: root-damaged/)
      assert.match(said, /root\.img is damaged/)
      assert.doesNotMatch(machine.serial, started)
    })
  }
})

const chunkSize = 4 * 1024 * 1024
const headSize = 4096

/** Changes one byte of a file inside an ISO. Files lie there in one piece, so their beginning tells where. */
async function flipByte(iso: string, file: string, position: number): Promise<void> {
  await using content = await open(file)
  const head = Buffer.alloc(headSize)
  await content.read(head, 0, headSize, 0)
  await using medium = await open(iso, 'r+')
  const offset = await find(medium, head)
  const byte = Buffer.alloc(1)
  const expected = Buffer.alloc(1)
  await medium.read(byte, 0, 1, offset + position)
  await content.read(expected, 0, 1, position)
  assert.deepEqual(byte, expected, 'the file was found in the ISO')
  byte[0] = (byte[0] ?? 0) ^ 0x01
  await medium.write(byte, 0, 1, offset + position)
}

async function find(file: FileHandle, wanted: Buffer): Promise<number> {
  const { size } = await file.stat()
  const chunk = Buffer.alloc(chunkSize + wanted.length)
  for (let offset = 0; offset < size; offset += chunkSize) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset)
    const found = chunk.subarray(0, bytesRead).indexOf(wanted)
    if (found >= 0) return offset + found
  }
  throw new assert.AssertionError({ message: 'the file is not in the ISO' })
}
