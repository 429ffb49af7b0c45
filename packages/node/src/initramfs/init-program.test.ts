import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootedHost } from '../testkit/rooted-host.ts'
import { BootFailure } from './failure.ts'
import { checkInit } from './init-program.ts'

const good: readonly (readonly [name: string, files: Readonly<Record<string, string>>])[] = [
  ['a file', { '/sysroot/sbin/init': '' }],
  [
    'links as Debian has them',
    {
      '/sysroot/sbin': '-> usr/sbin',
      '/sysroot/usr/sbin/init': '-> ../lib/systemd/systemd',
      '/sysroot/usr/lib/systemd/systemd': '',
    },
  ],
  [
    'a link from the root, which is not the root yet',
    { '/sysroot/sbin/init': '-> /lib/./init', '/sysroot/lib': '-> usr/lib', '/sysroot/usr/lib/init': '' },
  ],
]

for (const [name, files] of good) {
  test(`init: ${name}`, (context) => checkInit(rootedHost(context, files).host))
}

const bad: readonly (readonly [name: string, files: Readonly<Record<string, string>>])[] = [
  ['nothing there', { '/sysroot/etc/x': '' }],
  ['a folder', { '/sysroot/sbin/init/x': '' }],
  ['a link to nothing', { '/sysroot/sbin/init': '-> ../lib/systemd/systemd', '/sysroot/lib/x': '' }],
  ['a link to itself', { '/sysroot/sbin/init': '-> init' }],
  ['a path through a file', { '/sysroot/sbin/init': '-> /etc/x/y', '/sysroot/etc/x': '' }],
  ['a link that leads outside only before the switch', { '/sysroot/sbin/init': '-> /init', '/init': '' }],
]

for (const [name, files] of bad) {
  test(`init: ${name} is refused`, (context) => {
    const { host } = rootedHost(context, files)
    assert.throws(
      () => checkInit(host),
      (error) => error instanceof BootFailure && error.reason === 'init-missing',
    )
  })
}
