import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  entryFile,
  entryText,
  espPaths,
  grubConfig,
  grubEntryText,
  grubGenerationPath,
  grubMenuPath,
  grubPaths,
  grubRecoveryPath,
  grubSlotPath,
  installedGrubMenu,
  ukiPath,
} from '@kiln/contract'
import { digestOf } from './digests.ts'
import type { EspFacts, FileFact } from './facts.ts'
import { grub } from './grub.ts'
import type { Loader } from './loader.ts'
import { grubEnvironment } from './sample-disk.ts'
import { systemdBoot } from './systemd-boot.ts'

const slotOf = (generation: number) => String(generation).padStart(64, '0')

function espWith(files: Readonly<Record<string, string>>): EspFacts {
  const facts = Object.entries(files).map(([path, text]): [string, FileFact] => [
    path.toLowerCase(),
    { bytes: text.length, digest: digestOf(text), content: Buffer.from(text) },
  ])
  return { files: Object.fromEntries(facts), hazards: [] }
}

/** What is started when the machine is switched on again and again, and nothing ever says that it is good. */
function starts<State>(loader: Loader<State>, times: number, ask?: string): string[] {
  let state = ask === undefined ? loader.first : loader.askFor(loader.first, ask)
  return Array.from({ length: times }, () => {
    const { start, next } = loader.start(state)
    state = next
    return start === undefined ? 'nothing' : `${start.id}${start.isCounted ? ' counted' : ''}`
  })
}

describe('systemd-boot', () => {
  /** File names of entries, without `.conf`; the slots' UKIs are there. */
  const espOf = (names: readonly string[], missing: readonly number[] = []) => {
    const entries = names.map((name): [string, string] => {
      const generation = /^kiln-(\d+)/.exec(name)?.[1]
      const number = generation === undefined ? undefined : Number(generation)
      const text = entryText({ generation: number, slot: slotOf(number ?? 9), title: name })
      return [`${espPaths.entries}/${name}.conf`, text]
    })
    const ukis = [1, 2, 3, 9, 10].filter((number) => !missing.includes(number))
    return espWith(
      Object.fromEntries([...entries, ...ukis.map((number) => [ukiPath(slotOf(number)), 'uki'])]),
    )
  }

  const cases: readonly { title: string; names: readonly string[]; missing?: number[]; starts: string[] }[] =
    [
      { title: 'the newest comes first', names: ['kiln-1', 'kiln-2'], starts: ['kiln-2', 'kiln-2'] },
      {
        title: 'numbers count as such',
        names: ['kiln-2', 'kiln-11', 'kiln-recovery'],
        missing: [],
        starts: ['kiln-2'],
      },
      {
        title: 'tries are counted down, then the one before comes',
        names: ['kiln-1', 'kiln-2+3', 'kiln-recovery'],
        starts: ['kiln-2 counted', 'kiln-2 counted', 'kiln-2 counted', 'kiln-1', 'kiln-1'],
      },
      { title: 'an exhausted one comes last', names: ['kiln-2+0-3', 'kiln-1'], starts: ['kiln-1'] },
      {
        title: 'recovery comes behind generations, and before exhausted ones',
        names: ['kiln-2+0-3', 'kiln-recovery', 'kiln-1+1-2'],
        starts: ['kiln-1 counted', 'kiln-recovery'],
      },
      { title: 'an exhausted one alone is started', names: ['kiln-1+0-3'], starts: ['kiln-1', 'kiln-1'] },
      {
        title: 'an entry without its program is none',
        names: ['kiln-1', 'kiln-2+3'],
        missing: [2],
        starts: ['kiln-1'],
      },
      { title: 'other names are none', names: ['other', 'kiln-x'], starts: ['nothing'] },
      { title: 'no entry, no start', names: [], starts: ['nothing'] },
    ]
  for (const { title, names, missing, starts: expected } of cases) {
    test(title, () => {
      assert.deepEqual(starts(systemdBoot(espOf(names, missing)), expected.length), expected)
    })
  }

  test('the one that is asked for is started once', () => {
    const loader = systemdBoot(espOf(['kiln-1', 'kiln-2', 'kiln-recovery']))
    assert.deepEqual(starts(loader, 2, 'kiln-recovery'), ['kiln-recovery', 'kiln-2'])
    assert.deepEqual(starts(loader, 2, 'kiln-7'), ['kiln-2', 'kiln-2'])
    assert.equal(loader.recovery?.slot, slotOf(9))
  })

  test('an entry that was made, but not filled, is none', () => {
    const { files } = espOf(['kiln-1'])
    const empty = { bytes: 512, digest: '', content: Buffer.alloc(512, '\n') }
    const path = `${espPaths.entries}/${entryFile(2, 3)}`
    const loader = systemdBoot({ files: { ...files, [path]: empty }, hazards: [] })
    assert.deepEqual(starts(loader, 1), ['kiln-1'])
  })
})

describe('GRUB', () => {
  const espOf = (
    variables: Readonly<Record<string, string>>,
    { generations = [1, 2], loadable = [1, 2, 9], menu = installedGrubMenu } = {},
  ) => {
    const entry = (generation: number | undefined) =>
      grubEntryText({ generation, slot: slotOf(generation ?? 9), title: 'a', cmdline: 'quiet' })
    return espWith({
      [grubPaths.config]: grubConfig(installedGrubMenu),
      [grubMenuPath(installedGrubMenu)]: menu,
      [grubPaths.environment]: grubEnvironment({ list: '2 1', ...variables }),
      [grubRecoveryPath('one')]: entry(undefined),
      ...Object.fromEntries(generations.map((number) => [grubGenerationPath(number), entry(number)])),
      ...Object.fromEntries(
        loadable.flatMap((number) =>
          ['kernel', 'initramfs'].map((file) => [`${grubSlotPath(slotOf(number))}/${file}`, file]),
        ),
      ),
    })
  }

  const cases: readonly { title: string; esp: EspFacts; starts: string[] }[] = [
    { title: 'the good one', esp: espOf({}), starts: ['kiln-1', 'kiln-1'] },
    {
      title: 'one on trial is counted down, then the good one comes',
      esp: espOf({ trial: '2', tries: '3' }),
      starts: ['kiln-2 counted', 'kiln-2 counted', 'kiln-2 counted', 'kiln-1'],
    },
    { title: 'one without tries is not tried', esp: espOf({ trial: '2', tries: '0' }), starts: ['kiln-1'] },
    {
      title: 'once only',
      esp: espOf({ once: 'kiln-recovery' }),
      starts: ['kiln-recovery', 'kiln-1'],
    },
    {
      title: 'a kernel that is missing is passed over at once, and its try counts',
      esp: espOf({ trial: '2', tries: '1' }, { loadable: [1, 9] }),
      starts: ['kiln-1', 'kiln-1'],
    },
    {
      title: 'where the good one cannot be loaded, recovery comes',
      esp: espOf({}, { loadable: [2, 9] }),
      starts: ['kiln-recovery'],
    },
    { title: 'without a good one, recovery', esp: espOf({ good: '' }), starts: ['kiln-recovery'] },
    {
      title: 'an entry whose file is missing means the first one of the menu',
      esp: espOf({ trial: '2', tries: '3' }, { generations: [1] }),
      starts: ['kiln-1'],
    },
    {
      title: 'where nothing can be loaded, nothing starts',
      esp: espOf({}, { loadable: [] }),
      starts: ['nothing'],
    },
    {
      title: 'a menu that is not whole starts nothing',
      esp: espOf({}, { menu: installedGrubMenu.slice(0, 500) }),
      starts: ['nothing'],
    },
    { title: 'no file at all', esp: espWith({}), starts: ['nothing'] },
  ]
  for (const { title, esp, starts: expected } of cases) {
    test(title, () => assert.deepEqual(starts(grub(esp), expected.length), expected))
  }

  test('the one that is asked for is started once', () => {
    assert.deepEqual(starts(grub(espOf({})), 2, 'kiln-recovery'), ['kiln-recovery', 'kiln-1'])
  })
})
