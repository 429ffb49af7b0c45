import assert from 'node:assert/strict'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import {
  emptyEntryText,
  entryFile,
  entryText,
  espPaths,
  grubEntryText,
  grubGenerationPath,
  grubSlotPath,
  vacantBootCode,
} from '@kiln/contract'
import { noise } from '@kiln/node/testkit/payload-files'
import { freshFolder } from '../harness.ts'
import { checkApart } from './check-apart.ts'
import { checkEveryCut, describeFailure, type Report, writeCut } from './index.ts'
import { firstDifference } from './record.ts'
import {
  copyToEsp,
  grubEnvironment,
  makeFolders,
  makeSampleDisk,
  type SampleDisk,
  stagedFiles,
  tool,
} from './sample-disk.ts'
import { type Change, findSector, overwrite, Script } from './script.ts'
import { WriteLog } from './write-log.ts'

/**
 * Sequences of writes, good and bad ones, made with usual tools instead of a machine: the harness passes the good ones, and
 * finds the others. Half of every test: a check that cannot fail is none.
 */
let folder: string
let sample: SampleDisk
/** A place in the FAT file system, in bytes from the start of the disk. */
let esp: number

before(async () => {
  folder = await freshFolder()
  sample = makeSampleDisk(folder)
  esp = sample.partition('efi').start
})

interface Steps {
  readonly script: Script
  /** Writes files on the EFI partition and gives the changed sectors, which nobody has written yet. */
  copy(files: Readonly<Record<string, string | Buffer>>): Change[]
}

async function check(
  title: string,
  firmware: 'uefi' | 'bios',
  run: (steps: Steps) => void,
): Promise<{ report: Report; log: string }> {
  const own = await freshFolder()
  const [disk, log] = [join(own, 'disk'), join(own, 'log')]
  {
    using script = new Script(sample.file, disk, log)
    const slot = sample.fresh.payload.root.rootHash
    // Folders are made before, so that the sequences are about files.
    const folders = script.change((file) => makeFolders(file, esp, [grubSlotPath(slot)]))
    script.write(folders).flush()
    const copy = (files: Readonly<Record<string, string | Buffer>>) =>
      script.change((file) => {
        for (const [path, source] of Object.entries(files)) {
          const from = typeof source === 'string' ? source : join(own, 'source')
          if (typeof source !== 'string') writeFileSync(from, source)
          copyToEsp(file, esp, { [path]: from })
        }
      })
    run({ script, copy })
  }
  const report = await checkEveryCut(log, sample.file, { firmware, points: 60, seed: 11, folder: own })
  const { boots } = report.before
  assert.equal(boots?.id, 'kiln-1', `${title}: the disk starts before`)
  return { report, log }
}

const count = ({ cuts }: Report, outcome: string) => cuts.filter((cut) => cut.outcome === outcome).length
const why = ({ failures }: Report) => failures.map(describeFailure).join('\n')
const newEntry = () => ({ generation: 2, slot: sample.fresh.payload.root.rootHash, title: 'New' })
const entryPath = (tries?: number) => `${espPaths.entries}/${entryFile(2, tries)}`

function replaceSector(script: Script, before: Buffer, after: Buffer): Change[] {
  return script.change((file) => overwrite(file, findSector(file, before), after))
}

/** All that makes the new generation start, in two parts: what is written before, and the one sector that counts. */
const armings = {
  uefi: {
    prepare: ({ script, copy }: Steps, tries?: number) => {
      script.write(copy({ [entryPath(tries)]: Buffer.from(emptyEntryText()) })).flush()
    },
    arm: ({ script }: Steps) =>
      replaceSector(script, Buffer.from(emptyEntryText()), Buffer.from(entryText(newEntry()))),
  },
  bios: {
    prepare: ({ script, copy }: Steps) => {
      const text = grubEntryText({ ...newEntry(), cmdline: 'quiet' })
      script.write(copy({ [grubGenerationPath(2)]: Buffer.from(text) })).flush()
    },
    arm: ({ script }: Steps, tries?: number) => {
      const trial = tries === undefined ? { good: '2' } : { trial: '2', tries: String(tries) }
      const block = (variables: Readonly<Record<string, string>>) =>
        Buffer.from(grubEnvironment(variables)).subarray(0, 512)
      return replaceSector(script, block({}), block({ ...trial, list: '2 1' }))
    },
  },
} as const

for (const firmware of ['uefi', 'bios'] as const) {
  describe(firmware, () => {
    const { prepare, arm } = armings[firmware]
    test('new files, flush, one sector, flush: old or new everywhere', async () => {
      const { report, log } = await check('safe', firmware, (steps) => {
        steps.script.write(steps.copy(stagedFiles(sample.fresh))).flush()
        prepare(steps, 3)
        steps.script.write(arm(steps, 3)).flush()
      })
      assert.deepEqual(report.failures, [], why(report))
      assert.equal(report.after.boots?.id, 'kiln-2')
      assert.ok(count(report, 'old') > 10 && count(report, 'new') > 0)
      assert.equal(count(report, 'old') + count(report, 'new'), report.cuts.length)
      assert.ok(report.points.distinct > 10)
      const phases = report.phases.map(({ phase }) => phase)
      assert.deepEqual(phases, ['nothing going on'])
      assert.ok(new WriteLog(log).entries.length > 0)
    })

    test('a kernel that is overwritten in place bricks', async () => {
      const { report } = await check('in place', firmware, ({ script }) => {
        const kernel = readFileSync(join(sample.old.folder, firmware === 'uefi' ? 'boot.efi' : 'kernel'))
        const place = findSector(script.disk, kernel.subarray(0, 512))
        assert.ok(place < sample.partition('oem').start)
        script.write([{ offset: place, data: noise('newer', 2048) }]).flush()
      })
      assert.ok(count(report, 'bricked') > 0)
      assert.match(why(report), /is not what it should be/)
    })

    test('a generation that starts before its kernel is on the disk bricks', async () => {
      const { report } = await check('too early', firmware, (steps) => {
        prepare(steps)
        const staged = steps.copy(stagedFiles(sample.fresh))
        // In the right order, but nobody waits for the disk.
        steps.script.write(staged).write(arm(steps)).flush()
      })
      assert.ok(count(report, 'bricked') > 0)
      assert.ok(count(report, 'new') > 0, 'and at its end it starts')
      assert.match(why(report), /kiln-2 is started for ever/)
    })

    test('the same with counted tries falls back', async () => {
      const { report } = await check('too early, counted', firmware, (steps) => {
        prepare(steps, 3)
        const staged = steps.copy(stagedFiles(sample.fresh))
        steps.script.write(staged).write(arm(steps, 3)).flush()
      })
      assert.deepEqual(report.failures, [], why(report))
      const fellBack = report.cuts.filter(({ verdict }) => verdict.attempts.length > 0)
      assert.ok(fellBack.length > 0)
      assert.ok(fellBack.every(({ verdict }) => verdict.boots?.id === 'kiln-1'))
    })

    test('a slot that has its name before its content bricks', async () => {
      const { report } = await check('name first', firmware, (steps) => {
        // Its content comes last, though the file has its name and its length from the start.
        const root = readFileSync(join(sample.fresh.folder, 'root.img'))
        const content = root.subarray(8 * 4096, 9 * 4096)
        const place = findSector(steps.script.disk, content.subarray(0, 512))
        assert.ok(place > sample.partition('state').start)
        steps.script.write([{ offset: place, data: Buffer.alloc(4096) }]).flush()
        steps.script.write(steps.copy(stagedFiles(sample.fresh))).flush()
        prepare(steps)
        steps.script.write(arm(steps)).flush()
        steps.script.write([{ offset: place, data: content }]).flush()
      })
      assert.ok(count(report, 'bricked') > 0)
      assert.match(why(report), /root\.img is not whole/)
      assert.equal(report.after.boots?.id, 'kiln-2')
    })
  })
}

test('a boot loader that is overwritten in place bricks', async () => {
  const { report } = await check('loader', 'uefi', ({ script, copy }) => {
    const path = `${espPaths.loaders}/BOOTX64.EFI`
    script.write(copy({ [path]: join(sample.fresh.folder, 'systemd-boot.efi') })).flush()
  })
  assert.ok(count(report, 'bricked') > 0)
  assert.match(why(report), /bootx64\.efi is missing or cannot be read/)
  assert.ok(count(report, 'new') > 0)
})

test('a record of which both copies are written at once is damage', async () => {
  const { report } = await check('record', 'uefi', ({ script }) => {
    const { start } = sample.partition('state')
    const disk = readFileSync(script.disk)
    const copies = [1, 2].map((sequence) => {
      const at = disk.indexOf(`"sequence":${sequence},`, start)
      const sector = Math.floor(at / 512) * 512
      return { offset: sector, data: Buffer.alloc(512, 'x') }
    })
    script.write(copies).flush()
  })
  assert.ok(report.failures.length > 0)
  assert.equal(count(report, 'bricked'), 0, 'it starts all the same')
  assert.match(why(report), /no copy of the record is whole/)
})

test('a stretch of a record is looked at by itself', async () => {
  const { log } = await check('stretch', 'uefi', (steps) => {
    steps.script.write(steps.copy(stagedFiles(sample.fresh))).flush()
    armings.uefi.prepare(steps, 3)
    steps.script.write(armings.uefi.arm(steps)).flush()
  })
  using writes = new WriteLog(log)
  const armed = writes.entries.length
  const folder = await freshFolder()
  const look = (stretch: { readonly from?: number; readonly to?: number }) =>
    checkEveryCut(log, sample.file, { firmware: 'uefi', points: 20, seed: 3, folder, ...stretch })
  const staging = await look({ to: armed - 2 })
  assert.equal(staging.after.boots?.id, 'kiln-1')
  assert.equal(count(staging, 'old'), staging.cuts.length)
  const later = await look({ from: armed })
  assert.equal(later.before.boots?.id, 'kiln-2', 'with all that came before')
  assert.deepEqual(
    later.cuts.map(({ cut }) => cut.durable),
    [armed],
  )
})

describe('an installation onto an empty disk', () => {
  const loader = `${espPaths.loaders}/BOOTX64.EFI`
  /** The sample as it is before the one sector that makes it start. */
  const unfinished = {
    uefi: (file: string) => {
      const image = `${file}@@${esp}`
      tool('mren', ['-i', image, `::/${loader}`, `::/${espPaths.loaders}/KILNNEW.EFI`])
    },
    bios: (file: string) => overwrite(file, 0, Uint8Array.from(vacantBootCode)),
  }

  for (const firmware of ['uefi', 'bios'] as const) {
    const install = async (write: (script: Script, all: Change[], last: Change[]) => void) => {
      const own = await freshFolder()
      const [empty, disk, log] = [join(own, 'empty'), join(own, 'disk'), join(own, 'log')]
      writeFileSync(empty, '')
      truncateSync(empty, statSync(sample.file).size)
      {
        using script = new Script(empty, disk, log)
        const all = script.change((file) => {
          tool('cp', ['--sparse=always', sample.file, file])
          unfinished[firmware](file)
        })
        const last = script.change((file) => tool('cp', ['--sparse=always', sample.file, file]))
        write(script, all, last)
      }
      return checkEveryCut(log, empty, { firmware, points: 40, seed: 5, folder: own })
    }

    test(`${firmware}: what makes it start comes last: not installed, or whole`, async () => {
      const report = await install((script, all, last) => script.write(all).flush().write(last).flush())
      assert.deepEqual(report.failures, [], why(report))
      assert.equal(count(report, 'vacant') + count(report, 'new'), report.cuts.length)
      assert.ok(count(report, 'vacant') > 10 && count(report, 'new') > 0)
    })

    test(`${firmware}: what makes it start does not wait for the rest: it bricks`, async () => {
      const report = await install((script, all, last) => {
        const isApart = ({ offset, data }: Change) =>
          last.every((each) => each.offset + 512 <= offset || each.offset >= offset + data.length)
        const [late] = all.filter(isApart).toSorted((a, b) => b.data.length - a.data.length)
        assert.ok(late)
        script.write(all.filter((change) => change !== late)).flush()
        script.write(last).flush().write([late]).flush()
      })
      assert.ok(count(report, 'bricked') > 0)
      assert.ok(count(report, 'new') > 0, 'and at its end it starts')
    })
  }
})

test('another thread finds the same', async () => {
  const { log, report } = await check('apart', 'uefi', ({ script, copy }) => {
    script.write(copy(stagedFiles(sample.fresh))).flush()
  })
  const folder = await freshFolder()
  const apart = await checkApart(log, sample.file, { firmware: 'uefi', points: 60, seed: 11, folder })
  assert.deepEqual([apart.phases, apart.points], [report.phases, report.points])
  await assert.rejects(
    checkApart(`${log}.missing`, sample.file, { firmware: 'uefi', points: 1, seed: 1, folder }),
  )
})

test('the disk of a cut can be had again from its description', async () => {
  const { report, log } = await check('again', 'uefi', ({ script, copy }) => {
    script.write(copy(stagedFiles(sample.fresh))).flush()
  })
  const last = report.cuts.at(-1)
  const torn = report.cuts.find(({ cut }) => cut.kind === 'torn')
  assert.ok(last && torn)
  const own = await freshFolder()
  const [one, two, three] = ['one', 'two', 'three'].map((name) => join(own, name))
  assert.ok(one && two && three)
  writeCut(log, sample.file, last.cut, one)
  writeCut(log, sample.file, JSON.parse(JSON.stringify(torn.cut)), two)
  writeCut(log, sample.file, torn.cut, three)
  assert.notEqual(await firstDifference(one, two), undefined)
  assert.equal(await firstDifference(two, three), undefined)
})
