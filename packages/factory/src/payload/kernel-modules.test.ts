import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { valueOfYaml } from '@kiln/contract/yaml/read'
import fc from 'fast-check'
import { expectCode } from '../testkit/testkit.ts'
import { type ModuleIndex, moduleName, selectModules, unpackedPath } from './kernel-modules.ts'

const index: ModuleIndex = {
  dep: `kernel/drivers/md/dm-verity.ko.xz: kernel/drivers/md/dm-bufio.ko.xz kernel/drivers/md/dm-mod.ko.xz
kernel/drivers/md/dm-bufio.ko.xz: kernel/drivers/md/dm-mod.ko.xz
kernel/drivers/md/dm-mod.ko.xz:
kernel/fs/ext4/ext4.ko.zst: kernel/fs/jbd2/jbd2.ko.zst
kernel/fs/jbd2/jbd2.ko.zst:
kernel/fs/isofs/isofs.ko:
kernel/drivers/net/e1000.ko.gz:
kernel/crypto/crc32c_generic.ko.xz:
kernel/crypto/crc32c-extra.ko.xz: kernel/lib/helper.ko.xz
kernel/lib/helper.ko.xz:
`,
  builtin: 'kernel/fs/squashfs/squashfs.ko\nkernel/drivers/block/loop.ko\n',
  alias: `# Aliases extracted from modules themselves.
alias fs-ext4 ext4
alias dm-verity-target dm-verity
alias pci:v00008086d00001000sv*sd*bc*sc*i* e1000
alias iso9660 isofs
`,
  softdep: `# Soft dependencies
softdep ext4 pre: crc32c_generic post: crc32c-extra
softdep e1000 pre: nothing
softdep dm_verity pre: unknown_module
`,
}

const names = (files: readonly string[]) => files.map(moduleName)

describe('the selection of kernel modules', () => {
  it('has what the wanted ones need, in order', () => {
    const { files } = selectModules(index, { always: ['dm_verity'], hardware: [] })
    assert.deepEqual(files, [
      'kernel/drivers/md/dm-bufio.ko.xz',
      'kernel/drivers/md/dm-mod.ko.xz',
      'kernel/drivers/md/dm-verity.ko.xz',
    ])
  })

  it('has soft dependencies, too, and what those need', () => {
    const { files } = selectModules(index, { always: [], hardware: ['ext4'] })
    assert.deepEqual(names(files).toSorted(), ['crc32c_extra', 'crc32c_generic', 'ext4', 'helper', 'jbd2'])
  })

  it('takes hardware modules where the kernel has them', () => {
    assert.deepEqual(names(selectModules(index, { always: [], hardware: ['nvme', 'isofs'] }).files), [
      'isofs',
    ])
  })

  it('has no files for modules that are built in, and does not load them', () => {
    const { files, always } = selectModules(index, { always: ['squashfs', 'loop', 'isofs'], hardware: [] })
    assert.deepEqual([names(files), always], [['isofs'], ['isofs']])
  })

  it('fails with the names of those that must be there and are not', async () => {
    const wanted = { always: ['isofs', 'overlay', 'squashfs', 'vfat'], hardware: [] }
    const error = await expectCode('E-KERNEL-MODULE-MISSING', () => selectModules(index, wanted))
    assert.match(error.message, /has no overlay, vfat$/)
    assert.match(error.hint ?? '', /kernel/)
  })

  it('has indexes of its own modules only, without the suffixes of packers', () => {
    const { dep, alias, softdep } = selectModules(index, { always: ['dm_verity'], hardware: ['ext4'] })
    assert.deepEqual(dep.trimEnd().split('\n'), [
      'kernel/crypto/crc32c-extra.ko: kernel/lib/helper.ko',
      'kernel/crypto/crc32c_generic.ko:',
      'kernel/drivers/md/dm-bufio.ko: kernel/drivers/md/dm-mod.ko',
      'kernel/drivers/md/dm-mod.ko:',
      'kernel/drivers/md/dm-verity.ko: kernel/drivers/md/dm-bufio.ko kernel/drivers/md/dm-mod.ko',
      'kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko',
      'kernel/fs/jbd2/jbd2.ko:',
      'kernel/lib/helper.ko:',
    ])
    assert.equal(alias, 'alias fs-ext4 ext4\nalias dm-verity-target dm-verity\n')
    assert.equal(
      softdep,
      'softdep ext4 pre: crc32c_generic post: crc32c-extra\nsoftdep dm_verity pre: unknown_module\n',
    )
  })

  it('of nothing is empty', () => {
    const nothing = { files: [], always: [], dep: '', alias: '', softdep: '' }
    assert.deepEqual(selectModules(index, { always: [], hardware: [] }), nothing)
  })

  it('is closed and has no more than that, for any graph, circles included', () => {
    const graph = fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(graph, fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), (needs, wanted) => {
        const dep = needs
          .map((all, at) => `k/m${at}.ko: ${all.map((need) => `k/m${need}.ko`).join(' ')}\n`)
          .join('')
        const hardware = wanted.map((at) => `m${at}`)
        const { files } = selectModules(
          { dep, alias: '', softdep: '', builtin: '' },
          { always: [], hardware },
        )
        const expected = new Set<number>()
        const visit = (at: number): void => {
          if (expected.has(at)) return
          expected.add(at)
          needs[at]?.forEach(visit)
        }
        wanted.forEach(visit)
        assert.deepEqual(
          files,
          [...expected].toSorted().map((at) => `k/m${at}.ko`),
        )
      }),
    )
  })
})

describe('the name of a module', () => {
  const cases: readonly (readonly [path: string, name: string, unpacked: string])[] = [
    ['kernel/drivers/md/dm-mod.ko.xz', 'dm_mod', 'kernel/drivers/md/dm-mod.ko'],
    ['kernel/fs/ext4/ext4.ko.zst', 'ext4', 'kernel/fs/ext4/ext4.ko'],
    ['kernel/a.ko.gz', 'a', 'kernel/a.ko'],
    ['extra/nls_iso8859-1.ko', 'nls_iso8859_1', 'extra/nls_iso8859-1.ko'],
    ['plain', 'plain', 'plain'],
  ]
  for (const [path, name, unpacked] of cases) {
    it(`of ${path} is ${name}`, () =>
      assert.deepEqual([moduleName(path), unpackedPath(path)], [name, unpacked]))
  }
})

describe('the modules that Kiln wants', () => {
  const text = readFileSync(new URL('initramfs-modules.yaml', import.meta.url), 'utf8')
  const { always, hardware } = valueOfYaml(text) as { always: string[]; hardware: string[] }

  it('are written as module names, each once', () => {
    for (const name of [...always, ...hardware]) assert.equal(moduleName(`${name}.ko`), name)
    assert.equal(new Set([...always, ...hardware]).size, always.length + hardware.length)
  })

  it('include what opens every root', () => {
    for (const name of ['dm_verity', 'overlay', 'squashfs']) assert.ok(always.includes(name), name)
  })
})
