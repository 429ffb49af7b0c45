import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type DhcpPacket, dhcpOptions, formatDhcp, messageTypes, parseDhcp } from './dhcp-packet.ts'
import { answerProxy, type ProxySettings } from './proxy-dhcp.ts'

const settings: ProxySettings = {
  address: '10.0.0.1',
  url: 'http://10.0.0.1:5000',
  loaders: { bios: 'undionly.kpxe', amd64: 'ipxe.efi' },
}
const script = 'http://10.0.0.1:5000/netboot/boot.ipxe'

interface Asked {
  readonly arch?: number
  readonly vendorClass?: string
  readonly userClass?: string
  readonly type?: number
}

function question({
  arch = 0,
  vendorClass = 'PXEClient:Arch:00000',
  userClass,
  type = 1,
}: Asked = {}): DhcpPacket {
  const id = Buffer.from([0, ...Buffer.alloc(16, 7)])
  return {
    operation: 1,
    hardware: Buffer.concat([Buffer.from('525400123456', 'hex'), Buffer.alloc(10)]),
    transaction: 0x12345678,
    flags: 0x8000,
    clientAddress: Buffer.alloc(4),
    nextServer: Buffer.alloc(4),
    bootFile: '',
    options: new Map([
      [dhcpOptions.messageType, Buffer.from([type])],
      [dhcpOptions.vendorClass, Buffer.from(vendorClass)],
      [dhcpOptions.architecture, Buffer.from([0, arch])],
      [dhcpOptions.machineId, id],
      ...(userClass === undefined ? [] : [[dhcpOptions.userClass, Buffer.from(userClass)] as const]),
    ]),
  }
}

/** NET-02 of the reference, and what firmware asks for over HTTP. */
describe('what firmware is told to start', () => {
  for (const [what, asked, expected] of [
    ['BIOS', { arch: 0 }, 'undionly.kpxe'],
    ['UEFI', { arch: 7 }, 'ipxe.efi'],
    ['UEFI, as some call it', { arch: 9 }, 'ipxe.efi'],
    ['iPXE on BIOS', { arch: 0, userClass: 'iPXE' }, script],
    ['iPXE on UEFI', { arch: 7, userClass: 'iPXE' }, script],
    ['iPXE, with the length before its name', { arch: 7, userClass: '\x04iPXE' }, script],
    ['iPXE on what has no loader', { arch: 11, userClass: 'iPXE' }, script],
    [
      'UEFI over HTTP',
      { arch: 16, vendorClass: 'HTTPClient:Arch:00016' },
      'http://10.0.0.1:5000/netboot/loader/ipxe.efi',
    ],
  ] as const) {
    test(what, () => {
      const answer = answerProxy(question(asked), 67, settings)
      assert.equal(answer.kind === 'answer' ? answer.bootFile : answer.reason, expected)
    })
  }

  for (const [what, asked, reason] of [
    ['UEFI for 32 bits', { arch: 6 }, /cannot start/],
    ['UEFI for 32 bits over HTTP', { arch: 15, vendorClass: 'HTTPClient' }, /cannot start/],
    ['arm64 without a loader', { arch: 11 }, /no loader for UEFI for arm64/],
    ['arm64 over HTTP without a loader', { arch: 19, vendorClass: 'HTTPClient' }, /no loader/],
    ['something new', { arch: 99 }, /architecture 99 is not known/],
  ] as const) {
    test(`${what}: nothing, and that is told`, () => {
      const answer = answerProxy(question(asked), 67, settings)
      assert.ok(answer.kind === 'ignored' && answer.worthTelling)
      assert.match(answer.reason, reason)
    })
  }

  for (const [what, asked, port] of [
    ['who wants an address only', { vendorClass: 'MSFT 5.0' }, 67],
    ['who asks another server', { type: messageTypes.request }, 67],
    ['a broadcast where it does not belong', {}, 4011],
  ] as const) {
    test(`${what}: nothing, without a word`, () => {
      const answer = answerProxy(question(asked), port, settings)
      assert.ok(answer.kind === 'ignored' && !answer.worthTelling)
    })
  }
})

test('an answer is for who asked, gives no address, and ends the search', () => {
  const asked = question({ arch: 0 })
  const answer = answerProxy(asked, 67, settings)
  assert.ok(answer.kind === 'answer')
  const reply = parseDhcp(formatDhcp(answer.reply))
  assert.ok(reply)
  assert.deepEqual(
    [reply.operation, reply.transaction, reply.flags, reply.bootFile],
    [2, asked.transaction, asked.flags, 'undionly.kpxe'],
  )
  assert.deepEqual([...reply.nextServer], [10, 0, 0, 1])
  const option = (code: number) => reply.options.get(code)
  assert.deepEqual(option(dhcpOptions.messageType), Buffer.from([messageTypes.offer]))
  assert.deepEqual(option(dhcpOptions.server), Buffer.from([10, 0, 0, 1]))
  assert.deepEqual(option(dhcpOptions.vendor), Buffer.from([6, 1, 8, 255]))
  assert.equal(option(dhcpOptions.vendorClass)?.toString(), 'PXEClient')
  assert.deepEqual(option(dhcpOptions.machineId), asked.options.get(dhcpOptions.machineId))
  assert.deepEqual([...reply.hardware], [...asked.hardware])
  // yiaddr: addresses come from somebody else.
  assert.deepEqual([...formatDhcp(answer.reply).subarray(16, 20)], [0, 0, 0, 0])
})

test('who was told to ask again is answered with an acknowledgement', () => {
  const answer = answerProxy(question({ arch: 7, type: messageTypes.request }), 4011, settings)
  assert.ok(answer.kind === 'answer')
  assert.deepEqual(answer.reply.options.get(dhcpOptions.messageType), Buffer.from([messageTypes.acknowledge]))
})

test('HTTP clients are answered in their own name', () => {
  const answer = answerProxy(question({ arch: 16, vendorClass: 'HTTPClient' }), 67, settings)
  assert.ok(answer.kind === 'answer')
  assert.equal(answer.reply.options.get(dhcpOptions.vendorClass)?.toString(), 'HTTPClient')
  assert.equal(answer.reply.options.has(dhcpOptions.vendor), false)
})

describe('packets', () => {
  test('come back as they were written', () => {
    const packet = question({ arch: 7, userClass: 'iPXE' })
    assert.deepEqual(parseDhcp(formatDhcp(packet)), packet)
  })

  test('an option in pieces is one', () => {
    const whole = formatDhcp(question())
    const pieces = Buffer.concat([whole.subarray(0, -1), Buffer.from([66, 1, 97, 66, 1, 98, 255])])
    assert.equal(parseDhcp(pieces)?.options.get(66)?.toString(), 'ab')
  })

  test('what is broken is nothing, and never an error', () => {
    const whole = formatDhcp(question())
    for (let length = 0; length < whole.length; length++)
      assert.equal(parseDhcp(whole.subarray(0, length)), undefined)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const packet = parseDhcp(Buffer.from(bytes))
        if (packet) answerProxy(packet, 67, settings)
      }),
    )
  })
})
