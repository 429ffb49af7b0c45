import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodes } from '@kiln/contract'
import { main } from '../main.ts'
import { rootedHost } from '../testkit/rooted-host.ts'

const files = {
  '/system/oem/1.yaml': '#cloud-config\ninstall: {device: auto}\nusers: [{name: a, groups: [admin]}]\n',
  '/oem/2.yaml': '#cloud-config\ninstall:\n  device: /dev/sda\nk3s: {enable: true}\n',
  '/oem/3.yaml': 'no header\n',
  '/proc/cmdline': 'quiet kairos.config=install.reboot=true cos.setup=/run/extra.yaml\n',
  '/run/extra.yaml': '#cloud-config\nhostname: box\n',
  '/dev/urandom': new Uint8Array(64),
  '/tmp/template': '{{ .Config.install.device }} {{ .State.mode | default "none" }}',
  '/tmp/wrong': '{{ .Config.install.nope }}',
}

const cases: readonly (readonly [args: string[], code: number, says: RegExp])[] = [
  [
    ['config'],
    exitCodes.ok,
    /# Sources:\n# - \/system\/oem\/1\.yaml\n# - \/oem\/2\.yaml\n# - \/run\/extra\.yaml\n# - cmdline\n/,
  ],
  [['config'], exitCodes.ok, /2\.yaml:4:7: error E-CONFIG-UNKNOWN-KEY.*did you mean "enabled"/],
  [['config', 'get', 'install.device'], exitCodes.ok, /^\/dev\/sda\n$/],
  [['config', 'get', 'hostname'], exitCodes.ok, /^box\n$/],
  [['config', 'get', 'install.reboot'], exitCodes.ok, /^true\n$/],
  [['config', 'get', 'install', '--json'], exitCodes.ok, /"device": "\/dev\/sda",\n {2}"reboot": true/],
  [['config', 'get', 'install.nope'], exitCodes.config, /nothing sets that/],
  [['config', 'get', '['], exitCodes.usage, /not understood/],
  [
    ['config', 'explain', 'install.device'],
    exitCodes.ok,
    /^\/oem\/2\.yaml:3:11\t"\/dev\/sda"\n\/system\/oem\/1\.yaml:2:19\t"auto"\n$/,
  ],
  [['validate', '/oem/2.yaml'], exitCodes.config, /E-CONFIG-UNKNOWN-KEY/],
  [['validate', '--lenient', '/oem/2.yaml'], exitCodes.ok, /\/oem\/2\.yaml is valid/],
  [['validate', '/oem/3.yaml'], exitCodes.config, /no #cloud-config/],
  [['validate', '/oem/none.yaml'], exitCodes.config, /E-CONFIG-UNREADABLE/],
  [['validate'], exitCodes.usage, /no file is named/],
  [['render-template', '-f', '/tmp/template'], exitCodes.ok, /^\/dev\/sda \S/],
  [['render-template', '-f', '/tmp/wrong'], exitCodes.config, /\/tmp\/wrong:1:\d+: .*nope/],
  [['render-template'], exitCodes.usage, /no file is named/],
]

for (const [args, code, says] of cases) {
  test(`kiln-agent ${args.join(' ')}: ${says.source.slice(0, 30)}`, (context) => {
    const { host, output } = rootedHost(context, files)
    assert.equal(main({ ...host, args }), code, output.join(''))
    assert.match(output.join(''), says)
  })
}
