import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDpkgStatus } from './dpkg-status.ts'

const status = `Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <glibc@example.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.41-12
Description: GNU C Library
 Package: this line is part of a description
Homepage: https://www.gnu.org/software/libc/libc.html

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: bash
Status: install ok installed
Architecture: amd64
Source: bash (5.2.37-2)
Version: 5.2.37-2+b3
`

test('installed packages, with what they were built from', () => {
  assert.deepEqual(parseDpkgStatus(status), [
    {
      name: 'libc6',
      version: '2.41-12',
      architecture: 'amd64',
      source: { name: 'glibc', version: '2.41-12' },
      maintainer: 'GNU Libc Maintainers <glibc@example.org>',
      homepage: 'https://www.gnu.org/software/libc/libc.html',
    },
    {
      name: 'bash',
      version: '5.2.37-2+b3',
      architecture: 'amd64',
      source: { name: 'bash', version: '5.2.37-2' },
    },
  ])
})

test('nothing of an empty file', () => {
  assert.deepEqual(parseDpkgStatus(''), [])
})
