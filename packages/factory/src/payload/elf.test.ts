import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type ElfRecipe, makeElf } from '../testkit/elf.ts'
import { type ElfNeeds, elfNeeds } from './elf.ts'

const interpreter = '/lib64/ld-linux-x86-64.so.2'

describe('the needs of a program', () => {
  const cases: readonly (readonly [what: string, recipe: ElfRecipe, needs: ElfNeeds])[] = [
    ['a static program', {}, { interpreter: undefined, libraries: [], runPath: [] }],
    [
      'a dynamic program',
      { interpreter, libraries: ['libc.so.6', 'libm.so.6'] },
      { interpreter, libraries: ['libc.so.6', 'libm.so.6'], runPath: [] },
    ],
    [
      'a library',
      { libraries: ['libc.so.6'] },
      { interpreter: undefined, libraries: ['libc.so.6'], runPath: [] },
    ],
    [
      'a program with a run path',
      { interpreter, libraries: ['a.so'], runPath: '$ORIGIN/../lib:/opt/lib' },
      { interpreter, libraries: ['a.so'], runPath: ['$ORIGIN/../lib', '/opt/lib'] },
    ],
    [
      'a program with the older kind of run path',
      { interpreter, libraries: ['a.so'], rpath: '/opt/lib' },
      { interpreter, libraries: ['a.so'], runPath: ['/opt/lib'] },
    ],
    ['a static program that can be moved', { interpreter }, { interpreter, libraries: [], runPath: [] }],
  ]
  for (const [what, recipe, needs] of cases)
    it(`of ${what}`, () => assert.deepEqual(elfNeeds(makeElf(recipe)), needs))

  it('of the program that runs this test are a loader and the C library', () => {
    const needs = elfNeeds(readFileSync(process.execPath))
    assert.match(needs?.interpreter ?? '', /^\/lib.*\/ld-/)
    assert.ok(needs?.libraries.includes('libc.so.6'), `${needs?.libraries}`)
  })
})

describe('no program', () => {
  const elf = makeElf({ interpreter, libraries: ['libc.so.6'] })
  const withByte = (at: number, value: number) => {
    const copy = Buffer.from(elf)
    copy[at] = value
    return copy
  }
  const cases: readonly (readonly [what: string, content: Buffer])[] = [
    ['an empty file', Buffer.alloc(0)],
    ['a script', Buffer.from(`#!/bin/sh\n${'# padding\n'.repeat(10)}`)],
    ['the beginning of a program', elf.subarray(0, 63)],
    ['a 32-bit program', withByte(4, 1)],
    ['a big-endian program', withByte(5, 2)],
    ['a file with another first byte', withByte(0, 0x7e)],
  ]
  for (const [what, content] of cases) it(`is ${what}`, () => assert.equal(elfNeeds(content), undefined))
})
