import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { parseBootParameters } from '@kiln/contract'
import fc from 'fast-check'
import { liveGrubImage } from '../../payload/grub-images.ts'
import { liveWords } from '../../payload/live-words.ts'
import { grubMenu } from './grub-menu.ts'
import { liveMenu, type MenuEntry } from './menu.ts'

const rootHash = 'ab'.repeat(32)
const cmdline = `kiln.roothash=${rootHash} console=ttyS0 rd.shell=0 note="two words"`

describe('the menu of the live medium', () => {
  const [live, install, rescue] = liveMenu('Sample v1.0.0', cmdline)
  const parametersOf = (entry: MenuEntry | undefined) => parseBootParameters(entry?.words.join(' ') ?? '')

  it('starts the medium first, by its label, with the words of the payload', () => {
    assert.deepEqual([live?.id, live?.title], ['live', 'Sample v1.0.0'])
    const { source, rootHash: found, rescueShell } = parametersOf(live)
    assert.deepEqual(source, { kind: 'live', label: 'COS_LIVE' })
    assert.deepEqual([found, rescueShell], [rootHash, false])
  })

  it('has an entry that gives a shell, though the payload says no', () => {
    const { rescueShell, debug, source } = parametersOf(rescue)
    assert.deepEqual([rescueShell, debug, source], [true, true, { kind: 'live', label: 'COS_LIVE' }])
  })

  it('has an entry that asks on the console, as the field calls it', () => {
    assert.ok(install?.words.includes('install-mode-interactive'))
  })

  it('keeps a word whole that has a blank', () => {
    assert.deepEqual(live?.words, [
      `kiln.roothash=${rootHash}`,
      'console=ttyS0',
      'rd.shell=0',
      'note=two words',
      ...liveWords,
    ])
  })
})

/**
 * Reads grub.cfg back. GRUB's quoting is that of a shell where only `'…'`, `\'` and plain words are used,
 * so a shell can judge it: whatever it sees in a word is what GRUB would see.
 */
function readMenu(menu: string): { title: string; words: string[] }[] {
  const script = menu
    .split('\n')
    .filter((line) => /^(menuentry| {2}linux) /.test(line))
    .map((line) => line.replace(/ \{$/, ''))
    .join('\n')
  const functions = `menuentry() { printf 'title\\0%s\\0' "$1"; }; linux() { printf 'linux\\0'; for word; do printf '%s\\0' "$word"; done; }`
  const { stdout, stderr, status } = spawnSync('sh', ['-euc', `${functions}\n${script}`], {
    encoding: 'utf8',
    env: {},
  })
  assert.equal(status, 0, stderr)
  return stdout
    .split('title\0')
    .slice(1)
    .map((block) => {
      const [title = '', verb, kernel, ...words] = block.split('\0').slice(0, -1)
      assert.deepEqual([verb, kernel], ['linux', '/payload/kernel'])
      return { title, words }
    })
}

const menuOf = (entries: readonly { title: string; words: readonly string[] }[]) =>
  grubMenu(
    entries.map((entry, index) => ({ id: `${index}`, ...entry })),
    '/payload/kernel',
    '/payload/initramfs',
  )

describe('grub.cfg', () => {
  const cases: readonly (readonly [title: string, words: readonly string[]])[] = [
    ['Sample v1.0.0', ['console=ttyS0', 'root=live:CDLABEL=COS_LIVE']],
    ["it's 'quoted'", ["a='b'", "'"]],
    ['a "double" one', ['a="b"']],
    [`$HOME $\{HOME} $(id) \`id\``, ['a=$HOME', `$\{x}`, '$']],
    ['back\\slash', ['a\\b', '\\']],
    ['; } menuentry {', ['a;b', 'a&b', 'a|b', '#c', '*', '~', '{', '}']],
    ['blanks  in  it', ['a=b  c', ' ']],
  ]
  for (const [title, words] of cases) {
    it(`says exactly: ${title} ${words.join(' ')}`, () => {
      assert.deepEqual(readMenu(menuOf([{ title, words }])), [{ title, words: [...words] }])
    })
  }

  it('says exactly what any title and words are', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '"', '$', '\\', ' ', '{', '}', ';', 'a', '=', '`', 'ä'),
      minLength: 1,
    })
    const entry = fc.record(
      { title: text, words: fc.array(text, { maxLength: 4 }) },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), (entries) =>
        assert.deepEqual(readMenu(menuOf(entries)), entries),
      ),
      { numRuns: 40 },
    )
  })

  it('leaves plain words unquoted, so that a person can read it', () => {
    const menu = menuOf([
      { title: 'a', words: ['root=live:CDLABEL=COS_LIVE', 'systemd.unit=a@b.service', 'x=1,2'] },
    ])
    assert.match(
      menu,
      /^ {2}linux \/payload\/kernel root=live:CDLABEL=COS_LIVE systemd\.unit=a@b\.service x=1,2$/m,
    )
  })

  it('loads the initramfs in each entry, and starts the first one by itself', () => {
    const menu = menuOf([
      { title: 'a', words: [] },
      { title: 'b', words: [] },
    ])
    assert.equal(menu.match(/^ {2}initrd \/payload\/initramfs$/gm)?.length, 2)
    assert.match(menu, /^set default=0$/m)
    assert.match(menu, /^set timeout=\d+$/m)
  })

  it('needs no command that the boot image does not have', () => {
    const bringing: Readonly<Record<string, string>> = {
      search: 'search',
      configfile: 'configfile',
      serial: 'serial',
      linux: 'linux',
      initrd: 'linux',
      menuentry: 'normal',
      terminal_input: 'terminal',
      terminal_output: 'terminal',
    }
    const lines = `${liveGrubImage.prelude}\n${menuOf([{ title: 'a', words: [] }])}`
      .split('\n')
      .map((each) => each.trim())
    const commands = new Set(lines.map((each) => each.split(' ')[0] ?? ''))
    for (const command of commands) {
      if (['', '}', 'set'].includes(command)) continue
      assert.ok(([...liveGrubImage.modules] as string[]).includes(bringing[command] ?? command), command)
    }
  })
})
