import type { StageCase } from './stage-case.ts'

const accounts = {
  '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
  '/etc/shadow': 'root:*:1::::::\n',
  '/etc/group': 'root:x:0:\n',
  '/etc/gshadow': 'root:*::\n',
}

/** All of cloud-init's keys that the field knows. */
const cloudInit = `
growpart: {devices: ["/"]}
users: [{name: bar, passwd: $6$foo, uid: "1002", gecos: Bar, ssh_authorized_keys: [ssh-rsa faaapploo]}]
ssh_authorized_keys: [ssh-rsa asdd]
runcmd: [foo]
hostname: bar
write_files: [{path: /foo/bar, content: content, permissions: "0644", encoding: ""}]
stages: {network: [{environment: {foo: bar}}]}
`

/** The keys of cloud-init, and its files: the field's cases of its loader (D…). */
export const cloudInitCases: readonly StageCase[] = [
  {
    id: 'D5',
    what: 'the keys of cloud-init, in the stage boot',
    files: accounts,
    configs: { '1.yaml': cloudInit },
    expect: {
      files: {
        '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nbar:x:1002:1000:Bar:/home/bar:/bin/sh\n',
        '/home/bar/.ssh/authorized_keys': 'ssh-rsa faaapploo\nssh-rsa asdd\n',
        '/foo/bar': 'content',
        '/etc/hostname': undefined,
      },
      modes: { '/foo/bar': 0o644 },
      // Corrected: growpart is no step, for the partition that may grow does so by itself at each start.
      steps: ['users ok', 'write_files ok', 'runcmd ok'],
    },
  },
  {
    id: 'D5',
    what: 'its name is set in the initramfs, once',
    files: { '/proc/sys/kernel/hostname': '', '/etc/': '' },
    configs: { '1.yaml': cloudInit },
    stage: 'initramfs',
    expect: { files: { '/etc/hostname': 'bar\n' }, steps: ['hostname ok'] },
  },
  {
    id: 'D5',
    what: 'its own stages are there besides',
    files: accounts,
    configs: { '1.yaml': cloudInit },
    stage: 'network',
    expect: { files: { '/etc/environment': 'foo=bar\n' }, steps: ['step 0 ok'] },
  },
  {
    id: 'D7',
    what: 'a line for templates of cloud-init may come first',
    files: { '/other.yaml': '## template: jinja\n#cloud-config\nstages: {boot: [{commands: [a]}]}\n' },
    configs: {},
    source: '/other.yaml',
    expect: { ran: ['a'] },
  },
  {
    id: 'D6',
    what: 'keys of a forge wait for the network',
    files: { '/etc/passwd': 'bar:x:1000:1000::/home/bar:/bin/sh\n' },
    configs: { '1.yaml': 'users: [{name: bar, ssh_authorized_keys: [ssh-rsa AA own, "gitlab:test"]}]' },
    expect: { files: { '/home/bar/.ssh/authorized_keys': 'ssh-rsa AA own\n' }, steps: ['users ok'] },
  },
]
