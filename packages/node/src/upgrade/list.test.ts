import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Host } from '../host/host.ts'
import { main } from '../main.ts'
import { upgradeNode } from '../testkit/upgrade-node.ts'

const release = `KAIROS_ARCH="amd64"
KAIROS_FLAVOR="debian"
KAIROS_FLAVOR_RELEASE="13"
KAIROS_MODEL="generic"
KAIROS_VARIANT="core"
KAIROS_VERSION="v1.0.0"
`
const tag = (version: string) => `13-core-amd64-generic-${version}`
const tags = ['v0.9.0', 'v1.0.0', 'v1.1.0', 'v1.10.0', 'v2.0.0-rc1'].map(tag).concat('latest')

/** A node whose curl is played: it answers with the tags, and notes what it was asked for. */
function listing(context: TestContext, config = '') {
  const it = upgradeNode(context, 'uefi', config)
  it.plant('/etc/kairos-release', release)
  const asked: string[] = []
  const run: Host['run'] = (argv, options) => {
    if (argv[0] !== 'curl') return it.host.run(argv, options)
    const option = (name: string) => options?.input?.match(new RegExp(`^${name} = "(.*)"$`, 'm'))?.[1] ?? ''
    asked.push(option('url'))
    const output = join(it.folder, option('output'))
    mkdirSync(dirname(output), { recursive: true })
    writeFileSync(output, JSON.stringify({ tags }))
    writeFileSync(join(it.folder, option('dump-header')), 'HTTP/1.1 200 OK\r\n\r\n')
    return { code: 0, stdout: '200 10', stderr: '' }
  }
  return (...args: string[]) => {
    it.output.length = 0
    const code = main({ ...it.host, run, args: ['upgrade', 'list', ...args] })
    return { code, text: it.output.join(''), asked }
  }
}

const lines = (...versions: string[]) =>
  versions.map((version) => `oci:registry.example/team/debian:${tag(version)}\n`).join('')
const config = 'upgrade: {system: {source: "oci:registry.example/team/debian:old"}}\n'

describe('upgrade list', () => {
  for (const [name, args, versions] of [
    ['newer releases, the newest first', [], ['v1.10.0', 'v1.1.0']],
    ['pre-releases, too', ['--pre'], ['v2.0.0-rc1', 'v1.10.0', 'v1.1.0']],
    ['older ones, too', ['--all'], ['v1.10.0', 'v1.1.0', 'v0.9.0']],
  ] as const) {
    test(name, (context) => {
      const list = listing(context, config)
      const { code, text } = list('--registry', 'registry.example/team', ...args)
      assert.deepEqual([code, text], [0, lines(...versions)])
    })
  }

  for (const [name, args, url] of [
    ['where the running generation came from', [], 'https://registry-1.docker.io/v2/r/box/tags/list?n=1000'],
    [
      'a registry and organisation',
      ['--registry', 'a.example/b'],
      'https://a.example/v2/b/debian/tags/list?n=1000',
    ],
    ['a repository', ['a.example/b/debian'], 'https://a.example/v2/b/debian/tags/list?n=1000'],
    ['a tag', ['oci:a.example/b/c:v1'], 'https://a.example/v2/b/c/tags/list?n=1000'],
  ] as const) {
    test(`asks ${name}`, (context) => {
      const list = listing(context)
      const { code, asked } = list(...args)
      assert.deepEqual([code, asked], [0, [url]])
    })
  }

  test('as data', (context) => {
    const list = listing(context)
    const { text } = list('--registry', 'registry.example/team', '--json', '--pre')
    const { current, versions } = JSON.parse(text)
    assert.equal(current.version, 'v1.0.0')
    assert.deepEqual(versions[0], {
      tag: tag('v2.0.0-rc1'),
      version: 'v2.0.0-rc1',
      prerelease: true,
      reference: `oci:registry.example/team/debian:${tag('v2.0.0-rc1')}`,
    })
  })

  test('not where the image does not say what it is', (context) => {
    const it = upgradeNode(context)
    it.plant('/etc/kairos-release', release.replace(/^KAIROS_MODEL.*\n/m, ''))
    const { code, text } = it.agent('upgrade', 'list', '--registry', 'registry.example/team')
    assert.notEqual(code, 0)
    assert.match(text, /does not say what this image is: KAIROS_MODEL/)
  })

  test("by the field's name, and of nothing newer", (context) => {
    const it = upgradeNode(context)
    const { code, text } = it.agent('upgrade', 'list-releases', '--registry', 'ftp:/x')
    assert.notEqual(code, 0)
    assert.match(text, /is no registry and name/)
  })
})
