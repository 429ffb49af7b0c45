import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Layout } from '@kiln/contract'
import { withCustomMounts } from './custom-mounts.ts'

const layout: Layout = {
  schema: 'kiln.layout/v1',
  ephemeral: ['/etc', '/var'],
  persistent: ['/home'],
  store: '/usr/local',
}

const cases: readonly (readonly [text: string, persistent: string[], ephemeral: string[], notes: number])[] =
  [
    ['', ['/home'], ['/etc', '/var'], 0],
    [
      'CUSTOM_BIND_MOUNTS="/srv/data /var/lib/x"\n',
      ['/home', '/srv/data', '/var/lib/x'],
      ['/etc', '/var'],
      0,
    ],
    ['CUSTOM_EPHEMERAL_MOUNTS="/opt/x"\n', ['/home'], ['/etc', '/var', '/opt/x'], 0],
    ['CUSTOM_BIND_MOUNTS="/etc /home"\n', ['/home', '/etc'], ['/var'], 0],
    ['CUSTOM_EPHEMERAL_MOUNTS=/home\n', [], ['/etc', '/var', '/home'], 0],
    ['CUSTOM_BIND_MOUNTS=/a\nCUSTOM_EPHEMERAL_MOUNTS=/a\n', ['/home', '/a'], ['/etc', '/var'], 0],
    [
      'CUSTOM_BIND_MOUNTS="relative / /run/x /usr/local /a/../b /ok"\n',
      ['/home', '/ok'],
      ['/etc', '/var'],
      5,
    ],
  ]

for (const [text, persistent, ephemeral, notes] of cases) {
  test(`custom mounts: ${JSON.stringify(text)}`, () => {
    const result = withCustomMounts(layout, text)
    assert.deepEqual(result.layout, { ...layout, persistent, ephemeral })
    assert.equal(result.notes.length, notes)
  })
}

test('custom mounts: without the file the layout is the image', () =>
  assert.deepEqual(withCustomMounts(layout, undefined), { layout, notes: [] }))
