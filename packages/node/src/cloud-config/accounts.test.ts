import assert from 'node:assert/strict'
import { test } from 'node:test'
import { looksLikeHash } from '@kiln/contract/cloud-config/password'
import fc from 'fast-check'
import { AccountError, type AccountFiles, type AccountRequest, ensureUser, findAccount } from './accounts.ts'

const image: AccountFiles = {
  passwd:
    'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\nlast:x:999:999::/:/bin/sh\n',
  group: 'root:x:0:\nsudo:x:27:\nnogroup:x:65534:\nlast:x:999:\n',
  shadow: 'root:*:19000:0:99999:7:::\nlast:!:19000::::::\n',
  gshadow: 'root:*::\nsudo:*::\nlast:!::\n',
}

function user(name: string, more: Partial<AccountRequest> = {}): AccountRequest {
  return { name, home: `/home/${name}`, shell: '/bin/sh', groups: [], ...more }
}

function line(text: string | undefined, name: string): string | undefined {
  return text?.split('\n').find((candidate) => candidate.startsWith(`${name}:`))
}

test('accounts: a new user gets the first free ids from 1000, a group, and no password', () => {
  const files = ensureUser(image, user('foo', { gecos: 'Foo Bar' }))
  assert.equal(line(files.passwd, 'foo'), 'foo:x:1000:1000:Foo Bar:/home/foo:/bin/sh')
  assert.equal(line(files.group, 'foo'), 'foo:x:1000:')
  assert.equal(line(files.shadow, 'foo'), 'foo:*:::::::')
  assert.equal(line(files.gshadow, 'foo'), 'foo:!::')
})

test('accounts: users in a row get ids in a row, and a group that is there is joined', () => {
  const files = ['admin', 'bar', 'baz'].reduce(
    (all, name) => ensureUser(all, user(name, name === 'admin' ? {} : { groups: ['admin', 'sudo'] })),
    image,
  )
  assert.equal(line(files.group, 'admin'), 'admin:x:1000:bar,baz')
  assert.equal(line(files.group, 'sudo'), 'sudo:x:27:bar,baz')
  assert.equal(line(files.gshadow, 'sudo'), 'sudo:*::bar,baz')
  assert.equal(findAccount(files.passwd, 'baz')?.uid, 1002)
})

test('accounts: a group that is missing is made as a system group', () => {
  const files = ensureUser(image, user('foo', { groups: ['admin'] }))
  assert.equal(line(files.group, 'admin'), 'admin:x:998:foo')
})

test('accounts: an explicit uid leaves the gid to the first free one', () => {
  const files = ensureUser(
    image,
    user('foo', { uid: 5000, lockPassword: true, home: '/run/foo', shell: '/bin/bash' }),
  )
  assert.equal(line(files.passwd, 'foo'), 'foo:x:5000:1000::/run/foo:/bin/bash')
  assert.equal(line(files.shadow, 'foo'), 'foo:!:::::::')
})

test('accounts: a new password leaves ageing alone; none leaves the password alone', () => {
  const shadow = 'root:*:19000:0:99999:7:::\nfoo:$6$old:18820:1:365:14:30:20000:\n'
  const passwd = `${image.passwd}foo:x:1000:1000::/home/foo:/bin/sh\n`
  const changed = ensureUser({ ...image, passwd, shadow }, user('foo', { passwordHash: '$6$new' }))
  assert.equal(line(changed.shadow, 'foo'), 'foo:$6$new:18820:1:365:14:30:20000:')
  const kept = ensureUser({ ...image, passwd, shadow }, user('foo'))
  assert.equal(kept.shadow, shadow)
  const locked = ensureUser(changed, user('foo', { lockPassword: true }))
  assert.equal(line(locked.shadow, 'foo'), 'foo:!$6$new:18820:1:365:14:30:20000:')
})

test('accounts: a file without a last line break, and one that is not there', () => {
  const files = ensureUser({ ...image, passwd: image.passwd.trimEnd(), gshadow: undefined }, user('foo'))
  assert.equal(files.passwd.split('\n').length, 5)
  assert.equal(files.gshadow, undefined)
})

const refused: readonly (readonly [name: string, request: AccountRequest])[] = [
  ['a uid that is taken', user('foo', { uid: 999 })],
  ['a uid that is not a number', user('foo', { uid: Number.NaN })],
  ['a name with a colon', user('a:b')],
  ['an empty name', user('')],
  ['a name that is a number', user('007')],
  ['a group with a comma', user('foo', { groups: ['a,b'] })],
  ['a home with a line break', user('foo', { home: '/a\nroot::0:0::/:/bin/sh' })],
  ['a gecos with a colon', user('foo', { gecos: 'a:b' })],
  ['a password in plain text', user('foo', { passwordHash: 'secret' })],
]

for (const [name, request] of refused) {
  test(`accounts: ${name} is refused`, () => assert.throws(() => ensureUser(image, request), AccountError))
}

test('accounts: what looks like a hash', () => {
  for (const hash of ['$6$salt$hash', '$y$j9T$x$y', '!', '*', '!!', '!$6$x'])
    assert.ok(looksLikeHash(hash), hash)
  for (const plain of ['', 'secret', 'a$6$x', '$6$a:b', '$6$a b']) assert.ok(!looksLikeHash(plain), plain)
})

const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,7}$/)
const request = fc.record({
  name,
  home: fc.constant('/home/x'),
  shell: fc.constantFrom('/bin/sh', '/bin/bash'),
  uid: fc.option(fc.integer({ min: 1000, max: 1003 }), { nil: undefined }),
  passwordHash: fc.option(fc.constantFrom('$6$a$b', '!'), { nil: undefined }),
  lockPassword: fc.option(fc.boolean(), { nil: undefined }),
  primaryGroup: fc.option(fc.constantFrom('sudo', 'staff'), { nil: undefined }),
  groups: fc.array(fc.constantFrom('sudo', 'admin', 'root', 'extra'), { maxLength: 3 }),
})

/** As a stage does it: a request that cannot be is reported and left out. */
function ensureAll(files: AccountFiles, requests: readonly AccountRequest[]): AccountFiles {
  return requests.reduce((all, one) => {
    try {
      return ensureUser(all, one)
    } catch (error) {
      if (error instanceof AccountError) return all
      throw error
    }
  }, files)
}

function column(text: string, index: number): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((entry) => entry.split(':')[index] ?? '')
}

test('accounts: names and ids stay unique and every line well-formed, whoever is asked for', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 8 }), (requests) => {
      const files = ensureAll(image, requests)
      const { passwd, group, shadow, gshadow = '' } = files
      const unique = [
        [passwd, 0],
        [passwd, 2],
        [group, 0],
        [group, 2],
        [shadow, 0],
        [gshadow, 0],
      ] as const
      for (const [text, index] of unique) {
        const values = column(text, index)
        assert.equal(new Set(values).size, values.length)
      }
      for (const [text, fields] of [
        [passwd, 7],
        [group, 4],
        [shadow, 9],
        [gshadow, 4],
      ] as const) {
        assert.ok(text.endsWith('\n'))
        for (const entry of text.trimEnd().split('\n')) assert.equal(entry.split(':').length, fields, entry)
      }
      for (const gid of column(passwd, 3)) assert.ok(column(group, 2).includes(gid))
    }),
  )
})

test('accounts: doing it twice changes nothing more', () => {
  fc.assert(
    fc.property(request, (one) => {
      const once = ensureAll(image, [one])
      assert.deepEqual(ensureAll(once, [one]), once)
    }),
  )
})
