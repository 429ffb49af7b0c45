import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plant, temporaryFolder } from '../../testkit/testkit.ts'
import { readOwners } from './owners.ts'

const status = `Package: libc6
Source: glibc (2.41-12)
Version: 2.41-12

Package: g++-14
Version: 1
`

test('files belong to the source of the package that brings them', (t) => {
  const root = temporaryFolder(t)
  plant(root, {
    'var/lib/dpkg/status': status,
    'var/lib/dpkg/info/libc6:amd64.list': '/.\n/lib\n/lib/ld.so\n/usr/lib/libc.so.6\n',
    'var/lib/dpkg/info/libc6:amd64.postinst': '',
    'var/lib/dpkg/info/g++-14.list': '/usr/bin/g++-14\n',
    'var/lib/dpkg/info/format': '1\n',
    'var/lib/dpkg/info/gone.list': '/usr/bin/gone\n',
  })
  assert.deepEqual(Object.fromEntries(readOwners(root)?.files ?? []), {
    lib: 'glibc',
    'usr/lib/ld.so': 'glibc',
    'usr/lib/libc.so.6': 'glibc',
    'var/lib/dpkg/info/libc6:amd64.list': 'glibc',
    'var/lib/dpkg/info/libc6:amd64.postinst': 'glibc',
    'usr/bin/g++-14': 'g++-14',
    'var/lib/dpkg/info/g++-14.list': 'g++-14',
  })
})

test('another package manager keeps no such records', (t) => {
  const root = temporaryFolder(t)
  plant(root, { 'etc/os-release': 'ID=other\n' })
  assert.equal(readOwners(root), undefined)
})
