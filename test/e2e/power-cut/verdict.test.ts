import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import {
  beginOperation,
  bless,
  entryFile,
  entryText,
  espPaths,
  grubEntryText,
  grubGenerationPath,
  grubPaths,
  grubSlotPath,
  recordFiles,
  serialiseRecord,
  ukiPath,
  vacantBootCode,
} from '@kiln/contract'
import { freshFolder } from '../harness.ts'
import { hasNoBootCode } from './bios.ts'
import { digestOf } from './digests.ts'
import { type DiskFacts, type FileFact, Inspector } from './facts.ts'
import { LogWriter } from './log-writer.ts'
import { ReplayDisk } from './replay-disk.ts'
import { grubEnvironment, makeSampleDisk, type SampleDisk, sampleRecord } from './sample-disk.ts'
import { bootVerdict, loaderOf } from './verdict.ts'
import { WriteLog } from './write-log.ts'

let sample: SampleDisk
let whole: DiskFacts

before(async () => {
  const folder = await freshFolder()
  sample = makeSampleDisk(folder)
  const log = `${folder}/log`
  new LogWriter(log)[Symbol.dispose]()
  using writes = new WriteLog(log)
  using disk = new ReplayDisk(sample.file, `${folder}/disk`, writes)
  whole = await new Inspector(disk, { scratch: folder }).look()
})

type Files = Readonly<Record<string, FileFact>>
type Change = (facts: DiskFacts) => DiskFacts

const textFile = (text: string): FileFact => {
  return { bytes: text.length, digest: digestOf(text), content: Buffer.from(text) }
}
const damaged: FileFact = { bytes: 1, digest: digestOf('damage') }

const without = (files: Files, path: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([each]) => each !== path.toLowerCase()))

const onEsp =
  (path: string, file?: FileFact): Change =>
  (facts) => {
    const rest = without(facts.esp.files, path)
    const files = file ? { ...rest, [path.toLowerCase()]: file } : rest
    return { ...facts, esp: { ...facts.esp, files } }
  }

const onState =
  (path: string, file?: FileFact): Change =>
  (facts) => {
    const rest = without(facts.state.files, path)
    return { ...facts, state: { ...facts.state, files: file ? { ...rest, [path]: file } : rest } }
  }

const all =
  (...changes: readonly Change[]): Change =>
  (facts) =>
    changes.reduce((changed, change) => change(changed), facts)

const slots = () => ({
  old: sample.old.payload.root.rootHash,
  fresh: sample.fresh.payload.root.rootHash,
})

/** The new generation with all that makes it start, on both loaders. */
const armed =
  (tries?: number): Change =>
  (facts) => {
    const { payload } = sample.fresh
    const slot = payload.root.rootHash
    const entry = { generation: 2, slot, title: 'New' }
    const file = ({ digest, size }: { digest: string; size: number }) => ({ bytes: size, digest })
    const trial = tries === undefined ? { good: '2' } : { trial: '2', tries: String(tries) }
    return all(
      onEsp(`${espPaths.entries}/${entryFile(2, tries)}`, textFile(entryText(entry))),
      onEsp(ukiPath(slot), file(payload.uki)),
      onEsp(`${grubSlotPath(slot)}/kernel`, file(payload.kernel)),
      onEsp(`${grubSlotPath(slot)}/initramfs`, file(payload.initramfs)),
      onEsp(grubGenerationPath(2), textFile(grubEntryText({ ...entry, cmdline: 'quiet' }))),
      onEsp(grubPaths.environment, textFile(grubEnvironment({ ...trial, list: '2 1' }))),
    )(facts)
  }

const blessed: Change = (facts) => {
  const record = { ...bless(sampleRecord(sample.old, sample.fresh), 2), sequence: 9 }
  return onState(`kiln/${recordFiles[0]}`, textFile(serialiseRecord(record)))(facts)
}

const kernel = (slot: string, file?: FileFact): Change =>
  all(onEsp(ukiPath(slot), file), onEsp(`${grubSlotPath(slot)}/kernel`, file))

interface Case {
  readonly title: string
  readonly change: () => Change
  /** Id of what runs in the end; undefined where the disk is bricked. */
  readonly boots: string | undefined
  readonly reason?: RegExp
  readonly attempts?: number
  readonly problems?: readonly RegExp[]
}

const cases: readonly Case[] = [
  { title: 'nothing changed', change: () => (facts) => facts, boots: 'kiln-1' },
  { title: 'the new one is armed', change: () => armed(3), boots: 'kiln-2' },
  { title: 'the new one is good', change: () => all(armed(), blessed), boots: 'kiln-2' },
  {
    title: 'the new one is armed, and its kernel is damaged',
    change: () => all(armed(3), kernel(slots().fresh, damaged)),
    boots: 'kiln-1',
    attempts: 3,
  },
  {
    title: 'the new one is armed, and its root is damaged',
    change: () => all(armed(3), onState(`slots/${slots().fresh}/root.img`, damaged)),
    boots: 'kiln-1',
    attempts: 3,
  },
  {
    title: 'the new one is armed, and its slot is missing',
    change: () => all(armed(3), onState(`slots/${slots().fresh}/payload.json`)),
    boots: 'kiln-1',
    attempts: 3,
  },
  {
    title: 'the new one does not count, and its kernel is damaged',
    change: () => all(armed(), kernel(slots().fresh, damaged)),
    boots: undefined,
    reason: /kiln-2 is started for ever/,
  },
  {
    title: 'the new one is good, and its root is damaged: its initramfs asks for the old one',
    change: () => all(armed(), blessed, onState(`slots/${slots().fresh}/root.img`, damaged)),
    boots: 'kiln-1',
    attempts: 1,
    problems: [/generation 2, the last good one: .*root\.img/],
  },
  {
    title: 'the only kernel is damaged',
    change: () => kernel(slots().old, damaged),
    boots: undefined,
    reason: /started for ever/,
    problems: [/recovery: /, /generation 1/],
  },
  {
    title: 'the only root is damaged',
    change: () => onState(`slots/${slots().old}/root.img`, damaged),
    boots: undefined,
    reason: /root\.img is not whole/,
    problems: [/recovery: /, /generation 1/],
  },
  {
    title: 'one copy of the record is damaged',
    change: () => onState(`kiln/${recordFiles[1]}`, textFile('{"crc32":')),
    boots: 'kiln-1',
  },
  {
    title: 'both copies of the record are damaged',
    change: () =>
      all(
        onState(`kiln/${recordFiles[0]}`, textFile('')),
        onState(`kiln/${recordFiles[1]}`, textFile('{"crc32":')),
      ),
    boots: 'kiln-1',
    problems: [/no copy of the record/],
  },
  {
    title: 'the table is damaged',
    change: () => (facts) => ({ ...facts, table: { ...facts.table, problem: 'primary GPT is corrupt' } }),
    boots: undefined,
    reason: /corrupt/,
  },
  {
    title: 'a file system of the system is damaged',
    change: () => (facts) => ({ ...facts, state: { ...facts.state, problem: 'errors' } }),
    boots: 'kiln-1',
    problems: [/COS_STATE: errors/],
  },
  {
    title: 'another file system is damaged',
    change: () => (facts) => ({ ...facts, others: { persistent: 'errors' } }),
    boots: 'kiln-1',
    problems: [/persistent: errors/],
  },
]

for (const firmware of ['uefi', 'bios'] as const) {
  describe(firmware, () => {
    for (const { title, change, boots, reason, attempts = 0, problems = [] } of cases) {
      test(title, () => {
        const verdict = bootVerdict(change()(whole), { firmware })
        assert.equal(verdict.boots?.id, boots, verdict.reason ?? '')
        if (reason) assert.match(verdict.reason ?? '', reason)
        if (boots) assert.equal(verdict.attempts.length, attempts)
        assert.equal(verdict.problems.length, problems.length, verdict.problems.join('\n'))
        for (const [index, problem] of problems.entries())
          assert.match(verdict.problems[index] ?? '', problem)
      })
    }
  })
}

describe('boot loaders', () => {
  const loader = `${espPaths.loaders}/BOOTX64.EFI`

  test('the new version is as good as the old one', () => {
    const file = sample.fresh.payload.bootLoader.files.find((each) => each.file === 'systemd-boot.efi')
    assert.ok(file)
    const changed = onEsp(loader, { bytes: file.size, digest: file.digest })(whole)
    assert.equal(bootVerdict(changed, { firmware: 'uefi' }).boots?.id, 'kiln-1')
  })

  for (const [title, file] of [
    ['torn', damaged],
    ['missing', undefined],
  ] as const) {
    test(`one that is ${title} bricks UEFI, and not BIOS`, () => {
      const changed = onEsp(loader, file)(whole)
      assert.equal(bootVerdict(changed, { firmware: 'uefi' }).boots, undefined)
      assert.equal(bootVerdict(changed, { firmware: 'bios' }).boots?.id, 'kiln-1')
    })
  }

  test('one that was known before counts as whole', () => {
    const changed = onEsp(loader, damaged)(whole)
    const loaders = [loaderOf(changed, 'uefi')]
    assert.equal(bootVerdict(changed, { firmware: 'uefi', loaders }).boots?.id, 'kiln-1')
  })

  for (const part of ['bootCode', 'core'] as const) {
    test(`a torn ${part} of GRUB bricks BIOS, and not UEFI`, () => {
      assert.ok(whole.bios)
      const changed = { ...whole, bios: { ...whole.bios, [part]: 'other' } }
      assert.equal(bootVerdict(changed, { firmware: 'bios' }).boots, undefined)
      assert.equal(bootVerdict(changed, { firmware: 'uefi' }).boots?.id, 'kiln-1')
    })
  }
})

describe('a disk on which nothing is installed', () => {
  const code = (hasNoBootCode: boolean): Change => {
    return (facts) => ({ ...facts, hasNoBootCode })
  }
  const loader = `${espPaths.loaders}/BOOTX64.EFI`
  const isVacant = (change: Change, firmware: 'uefi' | 'bios') => {
    const { isVacant: vacant, boots } = bootVerdict(change(whole), { firmware })
    return [vacant, boots?.id]
  }

  test('has no boot loader that UEFI would start', () => {
    assert.deepEqual(isVacant(onEsp(loader), 'uefi'), [true, undefined])
    assert.deepEqual(isVacant(onEsp(loader, damaged), 'uefi'), [false, undefined], 'half of one is worse')
    assert.deepEqual(
      isVacant((facts) => facts, 'uefi'),
      [false, 'kiln-1'],
    )
  })

  test('has no code in its first sector that BIOS would start', () => {
    const lost: Change = (facts) => ({ ...facts, bios: { bootCode: '', core: '', problem: 'no core' } })
    assert.deepEqual(isVacant(all(lost, code(true)), 'bios'), [true, undefined])
    assert.deepEqual(isVacant(all(lost, code(false)), 'bios'), [false, undefined])
    assert.deepEqual(
      isVacant((facts) => facts, 'bios'),
      [false, 'kiln-1'],
    )
  })

  test('leads BIOS on to the next disk once it has a table', () => {
    const sector = Buffer.alloc(512)
    assert.equal(hasNoBootCode(sector), true, 'nothing at all')
    sector.set([0x55, 0xaa], 510)
    assert.equal(hasNoBootCode(sector), false, 'zeros that would be started')
    sector.set(vacantBootCode)
    assert.equal(hasNoBootCode(sector), true)
  })
})

describe('while a reset makes a partition anew', () => {
  const resetting =
    (phase: string): Change =>
    (facts) => {
      const record = beginOperation(sampleRecord(sample.old, sample.fresh), {
        id: 'reset-1',
        kind: 'reset',
        phase,
        started: '2026-01-01T00:00:00Z',
        slot: slots().old,
        detail: { oem: true },
      })
      const newer = { ...record, sequence: record.sequence + 2 }
      return onState(`kiln/${recordFiles[0]}`, textFile(serialiseRecord(newer)))(facts)
    }
  const broken =
    (name: string): Change =>
    (facts) => ({ ...facts, others: { [name]: 'errors' } })

  for (const [phase, name, problems] of [
    ['persistent', 'persistent', 0],
    ['oem', 'oem', 0],
    ['persistent', 'oem', 1],
    ['oem', 'persistent', 1],
    ['armed', 'persistent', 1],
    ['generation', 'persistent', 1],
  ] as const) {
    test(`${phase}: ${name} ${problems === 0 ? 'may' : 'must not'} be broken`, () => {
      const changed = all(resetting(phase), broken(name))(whole)
      assert.equal(bootVerdict(changed, { firmware: 'uefi' }).problems.length, problems)
    })
  }
})

test('files that share clusters are told', () => {
  const changed = { ...whole, esp: { ...whole.esp, hazards: ['a and b share clusters'] } }
  assert.match(bootVerdict(changed, { firmware: 'uefi' }).hazards[0] ?? '', /a and b share/)
})
