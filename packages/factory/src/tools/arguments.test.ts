import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { architectures } from '@kiln/contract'
import fc from 'fast-check'
import { expectCode } from '../testkit/testkit.ts'
import { bootCode, grubImageArguments } from './grub.ts'
import { mksquashfsArguments } from './mksquashfs.ts'
import { makeFatEnvironment, makeFatScript } from './mtools.ts'
import { addonArguments, addonStubPath, bootLoaderPath, stubPath, ukiArguments } from './ukify.ts'
import { parseRootHash, seededUuid, verityBlock, verityFormatArguments } from './veritysetup.ts'
import { isoImageArguments, volumeDate } from './xorriso.ts'

/** The words after a flag that takes values. */
function after(words: readonly string[], flag: string, count = 1): string[] {
  const at = words.indexOf(flag)
  assert.notEqual(at, -1, `${flag} is missing`)
  return words.slice(at + 1, at + 1 + count)
}

describe('mksquashfs', () => {
  const words = mksquashfsArguments({ source: '/root', target: '/out/root.img', epoch: 1234, level: 6 })

  it('packs the source into the target, anew', () => {
    assert.deepEqual(words.slice(0, 3), ['mksquashfs', '/root', '/out/root.img'])
    assert.ok(words.includes('-noappend'))
  })

  it('fixes every time, keeps extended attributes and packs as it is told', () => {
    assert.deepEqual([after(words, '-mkfs-time'), after(words, '-all-time')], [['1234'], ['1234']])
    assert.ok(words.includes('-xattrs'))
    assert.deepEqual([after(words, '-comp'), after(words, '-Xcompression-level')], [['zstd'], ['6']])
  })

  it('empties what is filled at run time, but keeps the folders', () => {
    const emptied = words.slice(words.indexOf('-e') + 1)
    assert.deepEqual(emptied.toSorted(), ['boot/*', 'dev/*', 'proc/*', 'run/*', 'sys/*', 'tmp/*'])
    assert.ok(words.indexOf('-wildcards') < words.indexOf('-e'))
  })
})

describe('veritysetup', () => {
  const words = verityFormatArguments('/root.img', 10 * verityBlock, 'sha256:abc')
  const value = (name: string) => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)

  it('makes the tree in memory, and puts it behind the data', () => {
    const [shell, , script = '', , file] = words
    assert.deepEqual([shell, file, value('data-blocks')], ['sh', '/root.img', '10'])
    assert.match(script, /veritysetup format "\$file" \/tmp\/hash-tree .*cat \/tmp\/hash-tree >> "\$file"/)
  })

  it('takes salt and UUID from the content, so that they are the same each time', () => {
    assert.match(value('salt') ?? '', /^[0-9a-f]{64}$/)
    assert.deepEqual(verityFormatArguments('/root.img', 10 * verityBlock, 'sha256:abc'), words)
    const other = verityFormatArguments('/root.img', 10 * verityBlock, 'sha256:abd')
    assert.equal(other.filter((word) => !words.includes(word)).length, 2)
  })

  it('tells the root hash among other things', () => {
    const hash = '0123456789abcdef'.repeat(4)
    const output = `VERITY header information for /root.img\nUUID:            \tx\nSalt:            \t${'f'.repeat(64)}\nRoot hash:      \t${hash}\n`
    assert.equal(parseRootHash(output), hash)
  })

  for (const output of ['', 'Root hash: 12', `Root hash: ${'g'.repeat(64)}`, `Salt: ${'0'.repeat(64)}`]) {
    it(`has failed where it says "${output.slice(0, 20)}"`, async () => {
      await expectCode('E-TOOL-FAILED', () => parseRootHash(output))
    })
  }
})

describe('a UUID from a text', () => {
  const format = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

  it('has the form of version 8, for any text', () => {
    fc.assert(fc.property(fc.string(), (seed) => assert.match(seededUuid(seed), format)))
  })

  it('is equal exactly for equal texts', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => assert.equal(seededUuid(a) === seededUuid(b), a === b)),
    )
  })
})

describe('xorriso', () => {
  const options = {
    target: '/out/a.iso',
    label: 'COS_LIVE',
    epoch: 1_700_000_000,
    diskGuid: '01234567-89ab-8def-8123-456789abcdef',
    grafts: { '/': '/tree', '/payload/root.img': '/payload/root.img' },
    efi: '/efi.img',
    bios: { image: '/boot/grub/eltorito.img', bootSector: '/hybrid.img' },
  }
  const words = isoImageArguments(options)
  const efiOnly = isoImageArguments({ ...options, bios: undefined })

  it('names the volume and grafts every path, after all options', () => {
    assert.deepEqual([after(words, '-V'), after(words, '-o')], [['COS_LIVE'], ['/out/a.iso']])
    assert.deepEqual(after(words, '-graft-points', 9), ['/=/tree', '/payload/root.img=/payload/root.img'])
  })

  it('fixes dates and identity', () => {
    assert.ok(words.includes('--modification-date=2023111422132000'))
    assert.deepEqual(after(words, '--set_all_file_dates'), ['2023111422132000'])
    assert.deepEqual(after(words, '--gpt_disk_guid'), ['0123456789ab8def8123456789abcdef'])
  })

  it('boots on UEFI always, on BIOS where there is an image for it', () => {
    for (const each of [words, efiOnly])
      assert.deepEqual(after(each, '--efi-boot', 2), ['/efi.img', '-efi-boot-part'])
    assert.deepEqual(after(words, '-b'), ['/boot/grub/eltorito.img'])
    assert.deepEqual(after(words, '--grub2-mbr'), ['/hybrid.img'])
    for (const word of ['-b', '--grub2-mbr', '--mbr-force-bootable']) assert.ok(!efiOnly.includes(word), word)
  })

  const dates: readonly (readonly [epoch: number, date: string])[] = [
    [0, '1970010100000000'],
    [951_782_400, '2000022900000000'],
    [1_767_225_599, '2025123123595900'],
  ]
  for (const [epoch, date] of dates)
    it(`writes ${epoch} as ${date}`, () => assert.equal(volumeDate(epoch), date))

  it('writes dates that sort as their times do', () => {
    const seconds = fc.nat(4_000_000_000)
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        assert.match(volumeDate(a), /^\d{16}$/)
        assert.equal(volumeDate(a) < volumeDate(b), a < b)
      }),
    )
  })
})

describe('ukify', () => {
  it('joins stub, kernel, initramfs, command line and release', () => {
    const words = ukiArguments({
      arch: 'amd64',
      stub: '/x.stub',
      kernel: '/k',
      kernelVersion: '6.12.1-amd64',
      initramfs: '/i',
      cmdline: 'a=1 b="x y"',
      osRelease: '/os-release',
      target: '/out.efi',
    })
    assert.deepEqual(words, [
      'ukify',
      'build',
      '--efi-arch=x64',
      '--stub=/x.stub',
      '--linux=/k',
      '--uname=6.12.1-amd64',
      '--initrd=/i',
      '--cmdline=a=1 b="x y"',
      '--os-release=@/os-release',
      '--output=/out.efi',
    ])
  })

  it('makes addons that hold a command line and nothing else', () => {
    const options = {
      arch: 'arm64',
      stub: '/x.stub',
      cmdline: 'root=live:CDLABEL=X',
      target: '/x.addon.efi',
    } as const
    assert.deepEqual(addonArguments(options).slice(2), [
      '--efi-arch=aa64',
      '--stub=/x.stub',
      '--cmdline=root=live:CDLABEL=X',
      '--output=/x.addon.efi',
    ])
  })

  const names = { amd64: 'x64', arm64: 'aa64', riscv64: 'riscv64' } as const
  for (const arch of architectures) {
    it(`calls ${arch} ${names[arch]}, as UEFI does`, () => {
      const folder = '/usr/lib/systemd/boot/efi'
      assert.equal(bootLoaderPath(arch), `${folder}/systemd-boot${names[arch]}.efi`)
      assert.equal(stubPath(arch), `${folder}/linux${names[arch]}.efi.stub`)
      assert.equal(addonStubPath(arch), `${folder}/addon${names[arch]}.efi.stub`)
    })
  }
})

describe('grub-mkimage', () => {
  it('makes an image with its prelude and modules, from the folder of its boot code', () => {
    const image = { format: 'i386-pc', prefix: '(,gpt2)/x', prelude: '', modules: ['linux', 'fat'] } as const
    const words = grubImageArguments(image, '/prelude.cfg', '/out')
    for (const word of ['--format=i386-pc', '--prefix=(,gpt2)/x', '--config=/prelude.cfg', '--output=/out']) {
      assert.ok(words.includes(word), word)
    }
    assert.deepEqual(words.slice(-2), ['linux', 'fat'])
    const folder = words.find((word) => word.startsWith('--directory='))?.slice('--directory='.length)
    for (const path of Object.values(bootCode)) assert.ok(folder && path.startsWith(`${folder}/`))
  })
})

describe('the FAT file system', () => {
  const options = { target: '/efi.img', label: 'EFI_LIVE', volumeId: '01234567', sizeMiB: 40, source: '/esp' }

  it('has what its script asks for, and no variable that the script does not know', () => {
    const given = Object.keys(makeFatEnvironment(options, 1)).filter((name) => name.startsWith('FAT_'))
    const asked = new Set([...makeFatScript().matchAll(/\$(FAT_\w+)/g)].map(([, name]) => name))
    assert.deepEqual(given.toSorted(), [...asked].toSorted())
  })

  it('says sizes in KiB, and times as a number', () => {
    const environment = makeFatEnvironment(options, 1234)
    assert.deepEqual([environment.FAT_KIB, environment.SOURCE_DATE_EPOCH], ['40960', '1234'])
  })

  for (const [sizeMiB, bits] of [
    [2, '12'],
    [15, '12'],
    [16, '16'],
    [500, '16'],
  ] as const) {
    it(`of ${sizeMiB} MiB is FAT${bits}`, () =>
      assert.equal(makeFatEnvironment({ ...options, sizeMiB }, 1).FAT_BITS, bits))
  }
})
