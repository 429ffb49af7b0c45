import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { GiB, MiB } from './bytes.ts'
import {
  type DiskPlan,
  type DiskRequest,
  type PartitionRole,
  planDisk,
  smallestDisk,
  tableTailBytes,
} from './disk.ts'
import { DiskError, type DiskProblem } from './disk-error.ts'

const core: DiskRequest = {
  firmware: 'uefi',
  diskBytes: 16 * GiB,
  payload: { rootBytes: 200 * MiB, bootBytes: 40 * MiB },
  generations: 2,
}

/** `number name label fs start+size`, in MiB. */
function rows({ partitions }: DiskPlan): string[] {
  return partitions.map(
    ({ number, name, label = '-', fs, start, bytes }) =>
      `${number} ${name} ${label} ${fs} ${start / MiB}+${bytes / MiB}`,
  )
}

function problemOf(request: DiskRequest): DiskProblem {
  try {
    planDisk(request)
  } catch (error) {
    if (error instanceof DiskError) return error.problem
    throw error
  }
  throw new Error('was not refused')
}

describe('the layout', () => {
  const cases: readonly (readonly [what: string, change: Partial<DiskRequest>, rows: readonly string[]])[] = [
    [
      'UEFI',
      {},
      [
        '1 efi COS_GRUB vfat 1+232',
        '2 oem COS_OEM ext4 233+64',
        '3 state COS_STATE ext4 297+1104',
        '4 persistent COS_PERSISTENT ext4 1401+14982',
      ],
    ],
    [
      'BIOS: one partition more, which only GRUB uses',
      { firmware: 'bios' },
      [
        '1 bios - none 1+1',
        '2 efi COS_GRUB vfat 2+232',
        '3 oem COS_OEM ext4 234+64',
        '4 state COS_STATE ext4 298+1104',
        '5 persistent COS_PERSISTENT ext4 1402+14981',
      ],
    ],
    [
      'extra partitions stand before the one that takes the rest',
      {
        extra: [
          { name: 'data', bytes: 100 * MiB + 1, label: 'DATA' },
          { name: 'swap', bytes: 512 * MiB, fs: 'none' },
        ],
      },
      [
        '1 efi COS_GRUB vfat 1+232',
        '2 oem COS_OEM ext4 233+64',
        '3 state COS_STATE ext4 297+1104',
        '4 data DATA ext4 1401+101',
        '5 swap - none 1502+512',
        '6 persistent COS_PERSISTENT ext4 2014+14369',
      ],
    ],
    [
      'both: the EFI partition holds what each of them boots',
      { firmware: 'hybrid', generations: 3 },
      [
        '1 bios - none 1+1',
        '2 efi COS_GRUB vfat 2+532',
        '3 oem COS_OEM ext4 534+64',
        '4 state COS_STATE ext4 598+1364',
        '5 persistent COS_PERSISTENT ext4 1962+14421',
      ],
    ],
    [
      'sizes as asked for, rounded up; the rest of the disk stays free',
      { sizes: { efi: 192 * MiB, oem: 20 * MiB, state: 2 * GiB, persistent: GiB - 1 } },
      [
        '1 efi COS_GRUB vfat 1+192',
        '2 oem COS_OEM ext4 193+20',
        '3 state COS_STATE ext4 213+2048',
        '4 persistent COS_PERSISTENT ext4 2261+1024',
      ],
    ],
    [
      '4096-byte sectors: FAT32 needs more of them than a small partition has',
      { sectorBytes: 4096, payload: { rootBytes: 50 * MiB, bootBytes: 10 * MiB } },
      [
        '1 efi COS_GRUB vfat 1+260',
        '2 oem COS_OEM ext4 261+64',
        '3 state COS_STATE ext4 325+324',
        '4 persistent COS_PERSISTENT ext4 649+15734',
      ],
    ],
    [
      'a small image still gets an EFI partition of 128 MiB',
      { payload: { rootBytes: 50 * MiB, bootBytes: 10 * MiB }, diskBytes: 4 * GiB },
      [
        '1 efi COS_GRUB vfat 1+128',
        '2 oem COS_OEM ext4 129+64',
        '3 state COS_STATE ext4 193+324',
        '4 persistent COS_PERSISTENT ext4 517+3578',
      ],
    ],
    [
      'more generations take more of both',
      { generations: 4 },
      [
        '1 efi COS_GRUB vfat 1+332',
        '2 oem COS_OEM ext4 333+64',
        '3 state COS_STATE ext4 397+1624',
        '4 persistent COS_PERSISTENT ext4 2021+14362',
      ],
    ],
  ]
  for (const [what, change, expected] of cases)
    it(what, () => assert.deepEqual(rows(planDisk({ ...core, ...change })), expected))

  it('gives types that firmware and GRUB look for', () => {
    const types = planDisk({ ...core, firmware: 'hybrid' }).partitions.map(({ role, typeGuid }) => [
      role,
      typeGuid.slice(0, 8),
    ])
    assert.deepEqual(types, [
      ['bios', '21686148'],
      ['efi', 'C12A7328'],
      ['oem', '0FC63DAF'],
      ['state', '0FC63DAF'],
      ['persistent', '0FC63DAF'],
    ])
  })
})

describe('the smallest disk', () => {
  it('of a core image is below 3 GiB, whatever starts it', () => {
    for (const firmware of ['uefi', 'bios', 'hybrid'] as const)
      assert.ok(smallestDisk({ ...core, firmware }).minimumBytes < 3 * GiB)
  })

  it('says its sum', () => {
    const { explanation, minimumBytes } = smallestDisk(core)
    assert.deepEqual(
      explanation.map(({ what, bytes }) => [what, bytes / MiB]),
      [
        ['partition table', 1],
        ['COS_GRUB', 232],
        ['COS_OEM', 64],
        ['COS_STATE', 1104],
        ['COS_PERSISTENT', 256],
        ['backup of the partition table', (33 * 512) / MiB],
      ],
    )
    assert.match(
      explanation[1]?.why ?? '',
      /^4 slots \(2 generations, recovery, one being written\) × 40 MiB boot files × 1\.25 \+ 32 MiB$/,
    )
    assert.match(explanation[3]?.why ?? '', /× 200 MiB root image × 1\.3 \+ 64 MiB$/)
    assert.equal(minimumBytes, 1657 * MiB + 33 * 512)
  })

  it('is filled exactly, and one sector less is refused with the sum', () => {
    const { minimumBytes, explanation } = smallestDisk(core)
    assert.deepEqual(planDisk({ ...core, diskBytes: minimumBytes + 511 }).partitions.at(-1)?.bytes, 256 * MiB)
    assert.deepEqual(problemOf({ ...core, diskBytes: minimumBytes - 1 }), {
      kind: 'too-small',
      needed: minimumBytes,
      available: minimumBytes - 512,
      explanation,
    })
  })

  it('keeps the last sectors for the backup of the table', () => {
    assert.deepEqual([tableTailBytes(512), tableTailBytes(4096)], [33 * 512, 5 * 4096])
  })

  it('says in words what is missing', () => {
    assert.throws(
      () => planDisk({ ...core, diskBytes: GiB }),
      /the disk has 1 GiB and 1\.6 GiB are needed.*COS_STATE 1\.1 GiB/,
    )
  })
})

const sizes = (least: number) => fc.integer({ min: least, max: 8 * GiB })
const requests: fc.Arbitrary<DiskRequest> = fc
  .record({
    hardware: fc.constantFrom(
      { firmware: 'uefi', sectorBytes: 512 } as const,
      { firmware: 'uefi', sectorBytes: 4096 } as const,
      { firmware: 'bios' } as const,
      { firmware: 'hybrid' } as const,
    ),
    diskBytes: fc.integer({ min: 0, max: 64 * GiB }),
    payload: fc.record({ rootBytes: sizes(1), bootBytes: fc.integer({ min: 1, max: 500 * MiB }) }),
    generations: fc.integer({ min: 2, max: 6 }),
    extra: fc.array(
      fc.record({ bytes: sizes(2 * MiB), fs: fc.constantFrom('ext4', 'vfat', 'none' as const) }),
      { maxLength: 5 },
    ),
  })
  .map(({ hardware, extra, ...rest }) => ({
    ...hardware,
    ...rest,
    extra: extra.map((each, index) => ({ ...each, name: `extra-${index}` })),
  }))

/** What has to hold for any layout, seen as a partition tool would. */
function assertSound({ partitions }: DiskPlan, { diskBytes, sectorBytes = 512 }: DiskRequest): void {
  let end = MiB
  for (const [index, { number, start, bytes }] of partitions.entries()) {
    assert.equal(number, index + 1)
    assert.equal(start, end, 'no gap, no overlap')
    assert.ok(bytes > 0 && start % MiB === 0 && bytes % MiB === 0)
    end = start + bytes
  }
  assert.ok(end + tableTailBytes(sectorBytes) <= diskBytes, 'the backup table has its room')
  assert.ok(diskBytes - end - tableTailBytes(sectorBytes) < MiB + sectorBytes, 'nothing is left over')
}

describe('any request', () => {
  it('is laid out soundly, or the disk is too small for its sum', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { minimumBytes, explanation } = smallestDisk(request)
        assert.equal(
          explanation.reduce((sum, { bytes }) => sum + bytes, 0),
          minimumBytes,
        )
        const { sectorBytes = 512 } = request
        if (Math.floor(request.diskBytes / sectorBytes) * sectorBytes >= minimumBytes)
          assertSound(planDisk(request), request)
        else assert.equal(problemOf(request).kind, 'too-small')
        assertSound(planDisk({ ...request, diskBytes: minimumBytes }), {
          ...request,
          diskBytes: minimumBytes,
        })
      }),
    )
  })

  it('has room for all its slots', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { rootBytes, bootBytes } = request.payload
        const slots = request.generations + 2
        const boots = request.firmware === 'hybrid' ? 2 : 1
        assert.ok(bytesOf(request, 'state') > slots * rootBytes)
        assert.ok(bytesOf(request, 'efi') > slots * boots * bootBytes)
      }),
    )
  })

  it('never gets a smaller partition for a larger payload', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: GiB }), (request, more) => {
        const { rootBytes, bootBytes } = request.payload
        const larger = { ...request, payload: { rootBytes: rootBytes + more, bootBytes: bootBytes + more } }
        for (const role of ['efi', 'oem', 'state', 'persistent'] as const)
          assert.ok(bytesOf(larger, role) >= bytesOf(request, role))
      }),
    )
  })
})

function bytesOf(request: DiskRequest, wanted: PartitionRole): number {
  return smallestDisk(request).partitions.find(({ role }) => role === wanted)?.bytes ?? 0
}

describe('the smallest disk of a core Debian', () => {
  const page = readFileSync(new URL('../../../docs/raw-image.md', import.meta.url), 'utf8')
  const payload = { rootBytes: Math.round(147.1 * MiB), bootBytes: Math.round(21.7 * MiB) }
  const { minimumBytes } = smallestDisk({ firmware: 'hybrid', payload, generations: 2 })

  it('is what the documentation says', () => {
    const [, mebibytes] = page.match(/\*\*smallest disk\*\* .* \*\*(\d+)\*\* \|$/m) ?? []
    assert.equal(Math.floor(minimumBytes / MiB), Number(mebibytes))
  })

  it('is no larger than 3 GiB, also with a system twice as large', () => {
    assert.ok(minimumBytes <= 3 * GiB)
    const twice = { rootBytes: 2 * payload.rootBytes, bootBytes: 2 * payload.bootBytes }
    assert.ok(smallestDisk({ firmware: 'hybrid', payload: twice, generations: 2 }).minimumBytes <= 3 * GiB)
  })
})
