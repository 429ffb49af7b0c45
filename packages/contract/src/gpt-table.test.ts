import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  changedEntry,
  entrySectors,
  type GptTable,
  gptEntries,
  gptEntry,
  gptHeader,
  guidBytes,
  guidText,
  hasAttribute,
  readGptTable,
} from './gpt-table.ts'

const efi = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B'

describe('a GUID', () => {
  it('is stored as the specification shows it', () => {
    const stored = [
      0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
    ]
    assert.deepEqual([...guidBytes(efi)], stored)
    assert.equal(guidText(Uint8Array.from(stored)), efi)
  })

  it('comes back as it was', () => {
    fc.assert(fc.property(fc.uuid(), (guid) => assert.equal(guidText(guidBytes(guid)), guid.toUpperCase())))
  })
})

function tableWith(sectorBytes: number, entry: Uint8Array): GptTable {
  const entries = Array.from({ length: 128 }, (_, at) => (at === 0 ? entry : new Uint8Array(128)))
  const lastUsableLba = 1_000_000 - 2 - entrySectors(sectorBytes)
  const sizes = { sectorBytes, entriesLba: 2, backupLba: 1_000_000 - 1, firstUsableLba: 2048, lastUsableLba }
  return { ...sizes, diskGuid: efi, entries }
}

function diskWith(table: GptTable): Uint8Array {
  const { sectorBytes, entriesLba } = table
  const disk = new Uint8Array(70 * sectorBytes)
  disk.set(gptHeader(table, 'primary'), sectorBytes)
  disk.set(gptEntries(table), entriesLba * sectorBytes)
  return disk
}

const read = (disk: Uint8Array) => (offset: number, length: number) => disk.slice(offset, offset + length)

const anyEntry = fc.uint8Array({ minLength: 128, maxLength: 128 })

describe('a table', () => {
  it('comes back as it was written, whatever is in its entries', () => {
    fc.assert(
      fc.property(fc.constantFrom(512, 4096), anyEntry, (sectorBytes, entry) => {
        const table = tableWith(sectorBytes, entry)
        assert.deepEqual(readGptTable(read(diskWith(table)), sectorBytes), { table })
      }),
      { numRuns: 30 },
    )
  })

  it('is refused where any bit of it was lost', () => {
    const disk = diskWith(tableWith(512, guidEntry()))
    const bits = fc.record({ at: fc.integer({ min: 512, max: 512 + 91 }), bit: fc.nat({ max: 7 }) })
    const entryBits = fc.record({
      at: fc.integer({ min: 1024, max: 1024 + 16_383 }),
      bit: fc.nat({ max: 7 }),
    })
    fc.assert(
      fc.property(fc.oneof(bits, entryBits), ({ at, bit }) => {
        const broken = Uint8Array.from(disk)
        broken[at] = (broken[at] ?? 0) ^ (1 << bit)
        assert.ok('problem' in readGptTable(read(broken), 512))
      }),
      { numRuns: 200 },
    )
  })

  it('is not there on an empty disk, nor on one that ends before it', () => {
    assert.deepEqual(readGptTable(read(new Uint8Array(4096)), 512), { problem: 'there is no GPT' })
    assert.deepEqual(readGptTable(read(new Uint8Array(0)), 512), { problem: 'there is no GPT' })
  })
})

function guidEntry(): Uint8Array {
  const entry = new Uint8Array(128)
  entry.set(guidBytes(efi))
  return entry
}

describe('an entry', () => {
  it('changes only in what is asked for', () => {
    fc.assert(
      fc.property(anyEntry, fc.uuid(), fc.nat(), (entry, guid, lastLba) => {
        const changed = changedEntry(entry, { guid, lastLba, withoutAttribute: 58 })
        assert.equal(hasAttribute(changed, 58), false)
        const same = (from: number, to: number) =>
          assert.deepEqual(changed.subarray(from, to), entry.subarray(from, to))
        same(0, 16)
        same(32, 40)
        same(48, 55)
        same(56, 128)
        assert.equal((changed[55] ?? 0) | 4, (entry[55] ?? 0) | 4)
        assert.deepEqual(changedEntry(entry, {}), entry)
      }),
    )
  })

  it('is free where it has no type', () => {
    assert.equal(gptEntry(new Uint8Array(128)), undefined)
    const { typeGuid, name } = gptEntry(guidEntry()) ?? {}
    assert.deepEqual([typeGuid, name], [efi, ''])
  })
})
