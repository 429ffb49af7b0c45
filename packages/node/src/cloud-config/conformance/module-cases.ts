import type { StageCase } from './stage-case.ts'

function os(text: string): Record<string, string> {
  return { '/etc/os-release': text }
}

function filesCondition(check: string, paths: string, runs: boolean): StageCase {
  return {
    id: 'Y28',
    what: `if_files ${check} of ${paths}`,
    files: { '/a': '', '/b': '' },
    configs: { '1.yaml': `stages: {boot: [{if_files: {${check}: ${paths}}, commands: [x]}]}` },
    expect: { ran: runs ? ['x'] : [], steps: [`step 0 ${runs ? 'ok' : 'skipped'}`] },
  }
}

/** The field's cases of its modules (Y…), as Kiln does them, and its own. */
export const moduleCases: readonly StageCase[] = [
  {
    id: 'Y1',
    what: 'a file with its mode',
    configs: {
      '1.yaml': 'stages: {boot: [{files: [{path: /tmp/test/foo, content: Test, permissions: 0777}]}]}',
    },
    expect: { files: { '/tmp/test/foo': 'Test' }, modes: { '/tmp/test/foo': 0o777 } },
  },
  {
    id: 'Y2',
    what: 'folders of a file can be searched by those who may read it',
    configs: { '1.yaml': 'stages: {boot: [{files: [{path: /area/dir/foo, permissions: 0640}]}]}' },
    expect: { modes: { '/area/dir': 0o750, '/area': 0o750, '/area/dir/foo': 0o640 } },
  },
  {
    id: 'Y3',
    what: 'a folder that is there gets the mode, its parents keep theirs',
    files: { '/old/x': '' },
    modes: { '/old': 0o755 },
    configs: {
      '1.yaml':
        'stages: {boot: [{directories: [{path: /old, permissions: 0740}, {path: /old/new/deep, permissions: 0700}]}]}',
    },
    expect: { modes: { '/old': 0o740, '/old/new': 0o700, '/old/new/deep': 0o700 } },
  },
  {
    id: 'Y4',
    what: 'variables in the usual file and in another one',
    configs: {
      '1.yaml':
        'stages: {boot: [{environment: {foo: "0"}}, {environment: {foo: "0"}, environment_file: /run/cos/cos-layout.env}]}',
    },
    expect: {
      files: { '/etc/environment': 'foo=0\n', '/run/cos/cos-layout.env': 'foo=0\n' },
      modes: { '/run/cos': 0o744 },
    },
  },
  {
    id: 'own',
    what: 'variables that are there stay, and blanks are quoted',
    files: { '/etc/environment': '# mine\nA=1\nB="x"\n' },
    configs: { '1.yaml': 'stages: {boot: [{environment: {B: "two words", C: 3}}]}' },
    expect: { files: { '/etc/environment': '# mine\nA=1\nB="two words"\nC=3\n' } },
  },
  {
    id: 'Y5',
    what: 'resolvers',
    configs: {
      '1.yaml':
        'stages: {boot: [{dns: {nameservers: [8.8.8.8], path: /r}}, {dns: {nameservers: [a, b], search: [x, y], options: [o], path: /s}}, {dns: {search: ["."], path: /e}}]}',
    },
    expect: {
      files: {
        '/r': 'nameserver 8.8.8.8\n',
        '/s': 'search x y\nnameserver a\nnameserver b\noptions o\n',
        '/e': '',
      },
    },
  },
  {
    id: 'Y6',
    what: 'the host name',
    files: { '/etc/hosts': '127.0.0.1 boo\n', '/etc/hostname': 'boo\n', '/proc/sys/kernel/hostname': 'boo' },
    configs: { '1.yaml': 'stages: {boot: [{hostname: bar}]}' },
    expect: {
      files: {
        '/etc/hostname': 'bar\n',
        '/etc/hosts': '127.0.0.1 localhost bar\n',
        '/proc/sys/kernel/hostname': 'bar',
      },
    },
  },
  {
    id: 'Y7',
    what: 'a setting of the kernel',
    files: { '/proc/sys/debug/exception-trace': '1', '/proc/sys/net/ipv4/conf/eth0.1/forwarding': '0' },
    configs: {
      '1.yaml':
        'stages: {boot: [{sysctl: {debug.exception-trace: "0", net/ipv4/conf/eth0.1/forwarding: 1}}]}',
    },
    expect: {
      files: { '/proc/sys/debug/exception-trace': '0', '/proc/sys/net/ipv4/conf/eth0.1/forwarding': '1' },
    },
  },
  {
    id: 'own',
    what: 'a setting that the kernel does not have fails',
    configs: { '1.yaml': 'stages: {boot: [{sysctl: {no.such: 1}}]}' },
    expect: { code: 1, says: ['the kernel has no setting no.such'] },
  },
  {
    id: 'Y8',
    what: 'time servers',
    configs: { '1.yaml': 'stages: {boot: [{timesyncd: {NTP: 0.pool}}]}' },
    expect: { files: { '/etc/systemd/timesyncd.conf.d/10-yip.conf': '[Time]\nNTP = 0.pool\n' } },
  },
  {
    id: 'Y9',
    what: 'systemd-firstboot',
    configs: {
      '1.yaml': 'stages: {boot: [{systemd_firstboot: {keymap: us, LOCALE: en_US.UTF-8, force: "true"}}]}',
    },
    expect: { ran: ['systemd-firstboot --force --keymap=us --locale=en_US.UTF-8'] },
  },
  {
    id: 'Y10',
    what: 'a command with a template',
    configs: {
      '1.yaml':
        "stages: {boot: [{commands: ['echo {{ trunc 0 .Values.os.architecture }}{{ len .Values.Random }}']}]}",
    },
    expect: { ran: ['echo 32'] },
  },
  {
    id: 'Y11',
    what: 'units in the order of the field',
    configs: {
      '1.yaml': 'stages: {boot: [{systemctl: {start: [moz], mask: [baz], disable: [bar], enable: [foo]}}]}',
    },
    expect: {
      ran: ['systemctl enable foo', 'systemctl disable bar', 'systemctl mask baz', 'systemctl start moz'],
    },
  },
  {
    id: 'Y12',
    what: 'overrides of units',
    configs: {
      '1.yaml':
        'stages: {boot: [{systemctl: {overrides: [{service: foo, content: a}, {service: foo.service, content: b, name: override-foo}, {service: t.timer, content: c, name: x.conf}, {service: "", content: d}]}}]}',
    },
    expect: {
      files: {
        '/etc/systemd/system/foo.service.d/override-yip.conf': 'a',
        '/etc/systemd/system/foo.service.d/override-foo.conf': 'b',
        '/etc/systemd/system/t.timer.d/x.conf': 'c',
      },
      ran: ['systemctl daemon-reload'],
      says: ['an override without service or content has no effect'],
    },
  },
  {
    id: 'Y22',
    what: 'entities',
    files: { '/etc/group': 'nm-openconnect:x:979:\n' },
    configs: {
      '1.yaml': `stages:
  boot:
    - ensure_entities:
        - path: /etc/group
          entity: |
            kind: "group"
            group_name: "foo"
            password: "xx"
            gid: 1
            users: "one,two,tree"
  boot.after:
    - delete_entities: [{path: /etc/group, entity: "{kind: group, group_name: nm-openconnect}"}]`,
    },
    expect: { files: { '/etc/group': 'foo:xx:1:one,two,tree\n' } },
  },
  filesCondition('any', '[/etc/none-such, /]', true),
  filesCondition('any', '[]', false),
  filesCondition('all', '[/a, /b]', true),
  filesCondition('all', '[/a, /none-such]', false),
  filesCondition('all', '[]', true),
  filesCondition('none', '[/none-such]', true),
  filesCondition('none', '[/a, /none-such]', false),
  {
    id: 'Y28',
    what: 'if_files with a check that is none',
    configs: { '1.yaml': 'stages: {boot: [{if_files: {some: [/a]}, commands: [x]}]}' },
    expect: { ran: [], code: 1, steps: ['read failed'] },
  },
  {
    id: 'Y29',
    what: 'two service managers are none',
    files: { '/usr/bin/systemctl': '', '/sbin/openrc': '' },
    configs: { '1.yaml': 'stages: {boot: [{only_service_manager: systemd, commands: [x]}]}' },
    expect: { ran: [], steps: ['step 0 skipped'] },
  },
  {
    id: 'Y29',
    what: 'the service manager that is there',
    files: { '/usr/bin/systemctl': '' },
    configs: {
      '1.yaml':
        'stages: {boot: [{only_service_manager: systemd, commands: [x]}, {only_service_manager: openrc, commands: [y]}]}',
    },
    expect: { ran: ['x'], steps: ['step 0 ok', 'step 1 skipped'] },
  },
  {
    id: 'own',
    what: 'the distribution and its version',
    files: os('NAME="Debian GNU/Linux"\nVERSION="13 (trixie)"\nVERSION_ID="13"\nID=debian\n'),
    configs: {
      '1.yaml':
        'stages: {boot: [{only_os: "Debian.*", only_os_version: "^13", commands: [a]}, {only_os: "Ubuntu|Fedora", commands: [b]}, {only_os: debian, only_os_version: "12", commands: [c]}]}',
    },
    expect: { ran: ['a'], says: ['only_os: Ubuntu|Fedora is not', 'only_os_version: 12 is not'] },
  },
  {
    id: 'own',
    what: 'kernel modules that are not loaded yet',
    files: { '/proc/modules': 'br_netfilter 1 0 - Live 0x0\n' },
    configs: { '1.yaml': 'stages: {boot: [{modules: [br-netfilter, "nbd max_part=8"]}]}' },
    expect: { ran: ['modprobe nbd max_part=8'] },
  },
  {
    id: 'own',
    what: 'the order within a step is that of the field, whatever the order in the file',
    files: { '/proc/modules': '', ...os('ID=debian\n') },
    configs: {
      '1.yaml':
        'stages: {boot: [{packages: {install: [p]}, modules: [m], systemctl: {start: [s]}, commands: [c], systemd_firstboot: {keymap: de}}]}',
    },
    expect: {
      ran: [
        'c',
        'modprobe m',
        'systemctl start s',
        'systemd-firstboot --keymap=de',
        'apt-get -y --no-install-recommends install p',
      ],
    },
  },
]
