import type { StageCase } from './stage-case.ts'

const accounts = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/etc/group': 'root:x:0:\n',
  '/etc/shadow': 'root:*:::::::\n',
}

/** Users and groups. */
export const accountCases: readonly StageCase[] = [
  {
    id: 'Y16',
    what: 'a new user',
    files: { ...accounts, '/etc/passwd': `${accounts['/etc/passwd']}last:x:999:999::/:/bin/sh\n` },
    configs: { '1.yaml': 'stages: {boot: [{users: {foo: {passwd: $fkekofe}}}]}' },
    expect: {
      files: {
        '/etc/passwd':
          'root:x:0:0:root:/root:/bin/sh\nlast:x:999:999::/:/bin/sh\nfoo:x:1000:1000::/home/foo:/bin/sh\n',
        '/etc/group': 'root:x:0:\nfoo:x:1000:\n',
        '/etc/shadow': 'root:*:::::::\nfoo:$fkekofe:::::::\n',
      },
    },
  },
  {
    id: 'Y17',
    what: 'a user with an id, a home and no password',
    files: accounts,
    configs: {
      '1.yaml':
        'stages: {boot: [{users: {foo: {uid: "5000", lock_passwd: true, homedir: /run/foo, shell: /bin/bash}}}]}',
    },
    expect: {
      files: {
        '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nfoo:x:5000:1000::/run/foo:/bin/bash\n',
        '/etc/shadow': 'root:*:::::::\nfoo:!:::::::\n',
      },
    },
  },
  {
    id: 'Y18',
    what: 'a new password keeps the ageing',
    files: {
      ...accounts,
      '/etc/passwd': 'foo:x:1000:1000::/home/foo:/bin/sh\n',
      '/etc/shadow': 'foo:$old:18820:1:365:14:30:20000:\n',
    },
    configs: { '1.yaml': 'stages: {boot: [{users: {foo: {passwd: $new}}}]}' },
    expect: { files: { '/etc/shadow': 'foo:$new:18820:1:365:14:30:20000:\n' } },
  },
  {
    id: 'Y19',
    what: 'users that join the group of another',
    files: accounts,
    configs: {
      '1.yaml':
        'stages: {boot: [{users: {admin: {}}}, {users: {bar: {groups: [admin]}}}, {users: {baz: {groups: [admin]}}}]}',
    },
    expect: { files: { '/etc/group': 'root:x:0:\nadmin:x:1000:bar,baz\nbar:x:1001:\nbaz:x:1002:\n' } },
  },
  {
    id: 'Y20',
    what: 'users of one step get ids by their names',
    files: accounts,
    configs: { '1.yaml': 'stages: {boot: [{users: {foo: {}, bar: {}, x: {}, a: {}}}]}' },
    expect: {
      files: {
        '/etc/passwd':
          'root:x:0:0:root:/root:/bin/sh\na:x:1000:1000::/home/a:/bin/sh\nbar:x:1001:1001::/home/bar:/bin/sh\nfoo:x:1002:1002::/home/foo:/bin/sh\nx:x:1003:1003::/home/x:/bin/sh\n',
      },
    },
  },
  {
    id: 'Y21',
    what: 'a user keeps its id over boots, whoever comes before it',
    files: {
      ...accounts,
      '/usr/local/.kiln/accounts.json':
        '{"schema":"kiln.accounts/v1","users":{"foo":1000},"groups":{"foo":1000,"admin":997}}\n',
    },
    configs: { '1.yaml': 'stages: {boot: [{users: {a: {}, b: {}, foo: {groups: [admin]}}}]}' },
    expect: {
      files: {
        '/etc/passwd':
          'root:x:0:0:root:/root:/bin/sh\na:x:1001:1001::/home/a:/bin/sh\nb:x:1002:1002::/home/b:/bin/sh\nfoo:x:1000:1000::/home/foo:/bin/sh\n',
        '/etc/group': 'root:x:0:\na:x:1001:\nb:x:1002:\nfoo:x:1000:\nadmin:x:997:foo\n',
      },
    },
  },
  {
    id: 'own',
    what: 'a password in plain text is hashed, and warned of',
    files: accounts,
    configs: { '1.yaml': 'users: [{name: foo, passwd: secret}]' },
    programs: { 'openssl passwd -6 -stdin': { stdout: '$6$salt$hash\n' } },
    expect: {
      files: { '/etc/shadow': 'root:*:::::::\nfoo:$6$salt$hash:::::::\n' },
      says: ['passwd is in plain text'],
    },
  },
]
