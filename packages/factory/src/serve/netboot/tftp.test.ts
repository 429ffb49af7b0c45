import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../testkit/testkit.ts'
import { startTftp } from './tftp.ts'
import { agree, parseTftp } from './tftp-packet.ts'

const request = (file: string, options: readonly string[] = [], opcode = 1) =>
  Buffer.concat([
    Buffer.from([0, opcode]),
    Buffer.from([file, 'octet', ...options].map((word) => `${word}\0`).join('')),
  ])
const acknowledge = (block: number) => Buffer.from([0, 4, block >> 8, block & 255])

async function serving(t: TestContext, content: Buffer) {
  const file = join(temporaryFolder(t), 'loader')
  writeFileSync(file, content)
  const asked: object[] = []
  const server = await startTftp({
    ...{ host: '127.0.0.1', port: 0, patienceMs: 30, files: new Map([['ipxe.efi', file]]) },
    onRequest: (each) => asked.push(each),
  })
  t.after(() => server.close())
  return { port: server.port, asked }
}

/** Fetches as firmware does. @param lose how many of the first packets are lost on the way */
async function fetchFile(t: TestContext, port: number, first: Buffer, lose = 0) {
  const socket = createSocket('udp4')
  t.after(() => socket.close())
  const pieces: Buffer[] = []
  const done = Promise.withResolvers<{ content: Buffer; options: string; error: string }>()
  let blockSize = 512
  let options = ''
  let lost = lose
  let expected = 1
  socket.on('message', (bytes, from) => {
    if (lost-- > 0) return
    const opcode = bytes.readUInt16BE(0)
    if (opcode === 5)
      done.resolve({
        content: Buffer.alloc(0),
        options,
        error: bytes.toString('latin1', 4, bytes.length - 1),
      })
    if (opcode === 6) {
      options = bytes.toString('latin1', 2)
      blockSize = Number(options.match(/blksize\0(\d+)/)?.[1] ?? 512)
      socket.send(acknowledge(0), from.port, from.address)
    }
    if (opcode !== 3) return
    const block = bytes.readUInt16BE(2)
    if (block === expected % 65_536) {
      pieces.push(bytes.subarray(4))
      expected += 1
    }
    socket.send(acknowledge(block), from.port, from.address)
    if (bytes.length - 4 < blockSize) done.resolve({ content: Buffer.concat(pieces), options, error: '' })
  })
  socket.send(first, port, '127.0.0.1')
  return done.promise
}

describe('a loader over TFTP', () => {
  for (const bytes of [0, 1, 511, 512, 513, 5000]) {
    test(`of ${bytes} bytes, in blocks of 512`, async (t) => {
      const content = Buffer.alloc(bytes, 'x')
      const { port } = await serving(t, content)
      assert.deepEqual((await fetchFile(t, port, request('ipxe.efi'))).content, content)
    })
  }

  test('in larger blocks, with its size, as clients ask', async (t) => {
    const content = Buffer.alloc(3000, 'y')
    const { port, asked } = await serving(t, content)
    const fetched = await fetchFile(t, port, request('/boot/ipxe.efi', ['blksize', '1000', 'tsize', '0']))
    assert.deepEqual([fetched.options, fetched.content], ['blksize\x001000\0tsize\x003000\0', content])
    assert.deepEqual(asked, [{ from: '127.0.0.1', file: 'ipxe.efi', found: true }])
  })

  test('more than 65535 blocks', async (t) => {
    const content = Buffer.alloc(8 * 65_540, 'z')
    const { port } = await serving(t, content)
    assert.deepEqual((await fetchFile(t, port, request('ipxe.efi', ['blksize', '8']))).content, content)
  })

  test('though packets are lost', async (t) => {
    const content = Buffer.alloc(2000, 'x')
    const { port } = await serving(t, content)
    assert.deepEqual((await fetchFile(t, port, request('ipxe.efi'), 3)).content, content)
  })

  test('and nothing else', async (t) => {
    const { port } = await serving(t, Buffer.from('x'))
    for (const [packet, error] of [
      [request('other'), 'there is no such file'],
      [request('../../etc/passwd'), 'there is no such file'],
      [request('ipxe.efi', [], 2), 'only reading'],
      [Buffer.from([0, 9]), 'only reading'],
    ] as const) {
      assert.equal((await fetchFile(t, port, packet)).error, error)
    }
  })
})

describe('what is agreed on', () => {
  for (const [asked, options, blockSize] of [
    [{}, {}, 512],
    [{ blksize: '1428' }, { blksize: '1428' }, 1428],
    [{ blksize: '65464' }, { blksize: '1468' }, 1468],
    [{ blksize: '4' }, {}, 512],
    [{ blksize: 'many' }, {}, 512],
    [{ tsize: '0', windowsize: '16' }, { tsize: '99' }, 512],
  ] as const) {
    test(JSON.stringify(asked), () => {
      const agreed = agree(new Map(Object.entries(asked)), 99)
      assert.deepEqual([Object.fromEntries(agreed.options), agreed.blockSize], [options, blockSize])
    })
  }

  test('packets that are broken are no requests', () => {
    for (const bytes of [[], [0], [0, 1], [0, 1, 97], [0, 4, 0]]) {
      assert.equal(parseTftp(Buffer.from(bytes)).kind, 'other')
    }
  })
})
