/** One cloud-config, and what is said about it: `LINE CODE words`, or nothing where it is good. */
export interface SchemaCase {
  readonly id: string
  readonly text: string
  readonly errors?: readonly string[]
  readonly warnings?: readonly string[]
  readonly lenient?: boolean
}

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG me'

export const schemaCases: readonly SchemaCase[] = [
  ...['auto', '/dev/sda', '/dev/disk/by-path/pci-0000:03:00.0-scsi-0:0:0:0', 'script:///run/choose'].map(
    (device) => ({ id: `install.device ${device}`, text: `install: {device: "${device}"}` }),
  ),
  {
    id: 'install.device that is none',
    text: 'install:\n  device: foobar',
    errors: ['3 E-CONFIG-BAD-VALUE install.device must be auto, /dev/… or script://…'],
  },
  {
    id: 'reboot and poweroff',
    text: 'install:\n  reboot: true\n  poweroff: true',
    errors: ['4 E-CONFIG-BAD-VALUE install.reboot and install.poweroff cannot both be true'],
  },
  { id: 'reboot alone', text: 'install: {reboot: true, poweroff: false}' },
  { id: 'poweroff alone', text: 'install: {poweroff: true}' },
  ...['master', 'worker', 'none'].map((role) => ({ id: `p2p.role ${role}`, text: `p2p: {role: ${role}}` })),
  {
    id: 'p2p.role that is none',
    text: 'p2p:\n  role: foobar',
    errors: ['3 E-CONFIG-BAD-VALUE p2p.role is "foobar"; allowed: master, worker, none'],
  },
  {
    id: 'p2p: a token without self-coordination',
    text: 'p2p:\n  network_token: foo\n  auto: {enable: false}',
    errors: ['4 E-CONFIG-BAD-VALUE p2p.network_token is set, and p2p.auto.enable is false'],
  },
  { id: 'p2p: the same with a role', text: 'p2p: {network_token: foo, role: worker, auto: {enable: false}}' },
  {
    id: 'p2p: self-coordination without a token',
    text: 'p2p:\n  network_token: ""\n  auto: {enable: true}',
    errors: ['3 E-CONFIG-BAD-VALUE p2p.auto.enable needs a p2p.network_token'],
  },
  {
    id: 'p2p: no masters',
    text: 'p2p: {auto: {ha: {master_nodes: 0}}}',
    errors: ['2 E-CONFIG-BAD-VALUE p2p.auto.ha.master_nodes must be at least 1'],
  },
  { id: 'p2p: two masters', text: 'p2p: {auto: {ha: {master_nodes: 2}}}' },
  {
    id: 'a user without a name',
    text: 'users:\n  - passwd: $6$a$b',
    errors: ['3 E-CONFIG-MISSING-KEY users[0].name is missing'],
  },
  {
    id: 'a name of digits',
    text: 'users:\n  - name: "007"',
    errors: ['3 E-CONFIG-BAD-VALUE users[0].name is not a user name'],
  },
  {
    id: 'no users in the list',
    text: 'users: []',
    errors: ['2 E-CONFIG-BAD-VALUE users must have at least one entry'],
  },
  { id: 'corrected: no users at all is allowed', text: 'hostname: box' },
  {
    id: 'a name that is a number',
    text: 'users:\n  - name: 007',
    errors: ['3 E-CONFIG-WRONG-TYPE users[0].name must be text, not a number'],
  },
  {
    id: 'lenient: a name that is a number is taken as it is written',
    text: 'hostname: 007',
    lenient: true,
  },
  {
    id: 'commands that are no list',
    text: 'stages:\n  boot:\n    - commands: "echo"',
    errors: ['4 E-CONFIG-WRONG-TYPE stages.boot[0].commands must be a list, not text'],
  },
  {
    id: 'YAML that is none',
    text: 'a: "b\nc',
    errors: ['2 E-CONFIG-SYNTAX the quote that begins here is not closed'],
  },
  {
    id: 'a key twice',
    text: 'a: 1\na: 2',
    errors: ['3 E-CONFIG-SYNTAX the key stands here for the second time'],
  },
  { id: 'no map', text: '- a', errors: ['2 E-CONFIG-WRONG-TYPE the document must be a map'] },
  { id: 'ssh_hardening: off', text: 'install: {ssh_hardening: false}' },
  {
    id: 'ssh_hardening: with a key',
    text: `install: {ssh_hardening: true}\nusers: [{name: me, ssh_authorized_keys: ["${key}"]}]`,
  },
  {
    id: 'ssh_hardening: with a key and a password',
    text: `install: {ssh_hardening: true}\nusers: [{name: me, passwd: $6$a$b, ssh_authorized_keys: ["${key}"]}]`,
    warnings: ['3 W-UNLIKELY me has a passwd, but install.ssh_hardening turns password authentication off'],
  },
  {
    id: 'ssh_hardening: without a key',
    text: 'install: {ssh_hardening: true}\nusers: [{name: me, passwd: $6$a$b}]',
    errors: [
      '2 E-CONFIG-BAD-VALUE install.ssh_hardening lets in keys only, and no user has ssh_authorized_keys',
    ],
  },
  {
    id: 'did you mean',
    text: 'k3s:\n  enable: true',
    errors: ['3 E-CONFIG-UNKNOWN-KEY unknown key "enable" in k3s | did you mean "enabled"?'],
  },
  {
    id: 'lenient: an unknown key is a warning',
    text: 'k3s:\n  enable: true\nhostnme: x',
    lenient: true,
    warnings: ['4 W-UNKNOWN-KEY unknown key "hostnme"', '3 W-UNKNOWN-KEY unknown key "enable" in k3s'],
  },
  {
    id: 'lenient: said by the file itself',
    text: 'kiln: {lenient: true}\nhostnme: x',
    warnings: ['3 W-UNKNOWN-KEY unknown key "hostnme"'],
  },
  { id: 'what is free', text: 'x-anchors: {anything: [1, {}]}' },
  {
    id: 'the word that nobody noticed',
    text: 'stages:\n  boot:\n    - files:\n        - path: /a\n          permsisions: 0600',
    errors: [
      '6 E-CONFIG-UNKNOWN-KEY unknown key "permsisions" in stages.boot[0].files[0] | did you mean "permissions"?',
    ],
  },
  {
    id: 'a file without a mode',
    text: 'stages:\n  boot:\n    - files: [{path: /a}]',
    warnings: [
      '4 W-UNLIKELY stages.boot[0].files[0] has no permissions: 0644 here, 0000 on a node of Kairos',
    ],
  },
  {
    id: 'a mode in decimal',
    text: 'write_files:\n  - {path: /a, permissions: 644}',
    warnings: ['3 W-UNLIKELY write_files[0].permissions is the decimal number 644, which is the mode 01204'],
  },
  {
    id: 'a password for everybody to read',
    text: 'users:\n  - name: me\n    passwd: secret',
    warnings: ['4 W-PLAIN-SECRET the password of me stands here for everybody to read'],
  },
  {
    id: 'a private key',
    text: 'ssh_authorized_keys:\n  - "-----BEGIN OPENSSH PRIVATE KEY-----"',
    errors: ['3 E-CONFIG-BAD-VALUE ssh_authorized_keys[0] is a private key'],
  },
  { id: 'yes where true is meant', text: 'install: {auto: yes}\nusers: [{name: me, lock_passwd: On}]' },
  { id: 'yes where a text is meant', text: 'hostname: yes' },
  { id: 'a null takes back', text: 'install:\nhostname: null' },
  {
    id: 'cloud-init has it and nobody here',
    text: 'bootcmd: [x]',
    errors: [
      '2 E-CONFIG-UNKNOWN-KEY unknown key "bootcmd" | put the commands into a step of stages.boot.before',
    ],
  },
  {
    id: 'stages that the provider of the field runs',
    text: 'stages:\n  provider-kairos.bootstrap.before.master/ha: [{commands: [x]}]',
  },
  {
    id: 'a stage that is none costs the stage, not the file',
    text: 'stages:\n  bot: [{commands: [x]}]\n  boot: [{commands: [y]}]',
    errors: ['3 E-CONFIG-UNKNOWN-KEY unknown key "bot" in stages | did you mean "boot"?'],
  },
]
