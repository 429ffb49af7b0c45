import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasHeader, parseCloudConfig } from './parse.ts'

function value(text: string) {
  const result = parseCloudConfig(`#cloud-config\n${text}`, 'x.yaml')
  if (result.kind !== 'parsed') throw new Error(JSON.stringify(result))
  return result
}

function findings(text: string): string[] {
  const result = parseCloudConfig(`#cloud-config\n${text}`, 'x.yaml')
  if (result.kind !== 'invalid') throw new Error(`is ${result.kind}`)
  return result.findings.map(({ place, message, hint }) =>
    [`${place?.line}:${place?.column}`, message, hint].filter(Boolean).join(' '),
  )
}

const headerCases: readonly (readonly [text: string, expected: boolean])[] = [
  ['#cloud-config\n', true],
  ['#kairos-config\n', true],
  ['#node-config\r\n', true],
  ['#cloud-config # mine\n', true],
  ['\n# note\n\n#cloud-config\n', true],
  [`${'\n'.repeat(9)}#cloud-config`, true],
  [`${'\n'.repeat(10)}#cloud-config`, false],
  ['# cloud-config\n', false],
  ['#cloud-config-archive\n', false],
  ['users: []\n', false],
]

for (const [text, expected] of headerCases) {
  test(`parse: header of ${JSON.stringify(text)}: ${expected}`, () => assert.equal(hasHeader(text), expected))
}

test('parse: a file of the field is taken as it is', () => {
  const { document, warnings } = value(`
hostname: box
users:
  - name: kairos
    passwd: $6$x$y
    groups: [admin]
    ssh_authorized_keys: [ssh-ed25519 AAAA me]
install: {auto: true, device: auto}
k3s: {enabled: true, args: [--disable=traefik]}
x-anchors: {a: 1}
stages:
  rootfs.after:
    - layout: {expand_partition: {size: 0}}
  kairos-install.pre:
    - commands: [echo hi]
  boot:
    - name: Sysctl
      if: '[ -e /etc ]'
      sysctl: {vm.max_map_count: "1"}
`)
  assert.equal(document.value.hostname, 'box')
  assert.deepEqual(
    warnings.map(({ code, place }) => [code, place?.line]),
    [['W-NO-EFFECT', 10]],
  )
  assert.deepEqual(document.value.install, { auto: true, device: 'auto' })
})

test('parse: modes are octal, quoted or not', () => {
  const { document } = value(`
write_files:
  - {path: /a, permissions: 0644}
  - {path: /b, permissions: "0644"}
  - {path: /c, permissions: "644"}
  - {path: /d, permissions: 0o644}
`)
  assert.deepEqual(
    document.value.write_files?.map(({ permissions }) => permissions),
    [0o644, 0o644, 0o644, 0o644],
  )
})

test('parse: merge keys work', () => {
  const { document } = value(`
x-base: &base {groups: [admin]}
users:
  - <<: *base
    name: a
`)
  assert.deepEqual(document.value.users, [{ name: 'a', groups: ['admin'] }])
})

test('parse: an empty document asks for nothing', () => assert.deepEqual(value('').document.value, {}))

const bad: readonly (readonly [name: string, text: string, expected: RegExp])[] = [
  ['an unknown key', 'hostnam: x', /^2:1 unknown key "hostnam".*"hostname"/],
  ['an unknown stage', 'stages:\n  bot: []', /^3:3 unknown key "bot".*"boot"/],
  [
    'an unknown key of a step',
    'stages:\n  boot:\n    - comands: []',
    /^4:7 unknown key "comands".*"commands"/,
  ],
  ['the typing error of the field', 'write_files:\n  - path: /a\n    permsisions: 0600', /^4:5 unknown key/],
  ['a wrong type', 'users: kairos', /^2:8 users must be a list/],
  ['a relative path', 'write_files:\n  - path: a', /^3:11 .*absolute/],
  ['a mode that is none', 'write_files:\n  - path: /a\n    permissions: "0888"', /^4:18 .*octal/],
  ['an encoding that is none', 'write_files:\n  - path: /a\n    encoding: rot13', /^4:15 .*rot13/],
  ['an unknown key of install', 'install:\n  dev: /dev/sda', /^3:3 unknown key "dev" in install/],
  ['a consent that is a text', 'install:\n  auto: "yes"', /^3:9 install.auto must be true or false/],
  [
    'a partition that Kiln does not have',
    'install:\n  partitions: {home: {size: 10}}',
    /^3:16 unknown key "home" in install.partitions/,
  ],
  [
    'an extra partition without a name',
    'install:\n  extra-partitions: [{size: 10}]',
    /^3:22 install.extra-partitions\[0\].name is missing/,
  ],
  ['a size that is none', 'install:\n  partitions: {state: {size: 2G}}', /^3:30 .*"512MiB"/],
  ['an environment that is none', 'install: {env: [A]}', /^2:17 .*NAME=VALUE/],
  ['a relative mount', 'install: {bind_mounts: [srv]}', /^2:25 .*absolute/],
  ['broken YAML', 'a: [', /^\d+:\d+ /],
]

for (const [name, text, expected] of bad) {
  test(`parse: ${name} is refused with its place`, () => assert.match(findings(text)[0] ?? '', expected))
}

test('parse: without a header it is something else', () => {
  assert.equal(parseCloudConfig('hostnam: x', 'x.yaml').kind, 'no-header')
})
