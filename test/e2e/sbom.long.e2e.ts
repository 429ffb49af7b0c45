import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { BuildResult } from '@kiln/factory'
import { loadDistro } from '@kiln/factory/distros/load'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { machineDebianSources } from '@kiln/factory/tools/apt'
import { runScript, type Workshop } from './base-image.ts'
import { debianRoot } from './debian-root.ts'
import { freshFolder, kiln, repository } from './harness.ts'

/** The SBOMs of a real image, before tools that others wrote: Debian's own maker of SBOMs, and the validators of both standards. */
const needs = [
  'python3-beartype',
  'python3-click',
  'python3-cyclonedx-lib',
  'python3-debian',
  'python3-jsonschema',
]
const moreNeeds = [
  'license-expression',
  'packageurl',
  'ply',
  'rdflib',
  'semantic-version',
  'uritools',
  'xmltodict',
  'yaml',
]

/** What only sid has, or has with the newest list of licences, out of its packages. What a mirror has of sid may be older than sid wants to be. */
const takeFromSid = `
mkdir -p apt/lists/partial apt/cache/archives/partial
echo "deb [signed-by=/run/work/keyring.gpg] $1 sid main" > sid.list
apt() {
  apt-get -o Dir::Etc::sourcelist="$PWD/sid.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$PWD/apt/lists" \\
    -o Dir::Cache="$PWD/apt/cache" -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root "$@"
}
apt update
apt download debsbom python3-license-expression python3-spdx-tools
for file in *.deb; do dpkg-deb --extract "$file" sid; done`

const withSid = 'export PATH="$PWD/sid/usr/bin:$PATH" PYTHONPATH="$PWD/sid/usr/lib/python3/dist-packages"'

interface Spdx {
  readonly packages: readonly {
    readonly SPDXID: string
    readonly name: string
    readonly versionInfo?: string
    readonly externalRefs?: readonly { readonly referenceLocator: string }[]
  }[]
  readonly files: readonly {
    readonly fileName: string
    readonly checksums: readonly { readonly algorithm: string; readonly checksumValue: string }[]
  }[]
  readonly relationships: readonly {
    readonly spdxElementId: string
    readonly relationshipType: string
    readonly relatedSpdxElement: string
  }[]
}

describe('the SBOMs of an image', () => {
  let workshop: Workshop
  let root: string
  let spdx: Spdx

  before(async () => {
    const [definition, out, folder] = [await freshFolder(), await freshFolder(), await freshFolder()]
    await cp(join(repository, 'examples/debian'), definition, { recursive: true })
    const file = join(definition, 'kiln.yaml')
    const text = (await readFile(file, 'utf8')).replace(/\nartifacts:[\s\S]*$/, '\n')
    await writeFile(file, `${text}artifacts: [oci, spdx, cyclonedx]\n`)
    const build = ['build', definition, '--yes', '--out', out]
    const { images } = (await kiln(build)) as BuildResult
    const path = (kind: string) => images[0]?.artifacts.find((each) => each.kind === kind)?.path ?? ''
    const packages = ['ca-certificates', ...needs, ...moreNeeds.map((name) => `python3-${name}`)]
    workshop = { tools: (await debianRoot(packages)).whole, folder }
    const { sources } = await machineDebianSources(new AbortController().signal)
    const { keyring } = loadDistro('debian').archive
    await runScript(workshop, takeFromSid, {
      args: [sources[0]?.uri ?? ''],
      network: true,
      mounts: [
        { kind: 'file-ro', source: keyring, target: '/run/work/keyring.gpg' },
        { kind: 'file-ro', source: '/etc/resolv.conf', target: '/etc/resolv.conf' },
      ],
    })
    root = join(folder, 'system')
    await kiln(['unpack', `oci-layout:${path('oci')}`, root, '--yes'])
    for (const [kind, name] of [
      ['spdx', 'it.spdx.json'],
      ['cyclonedx', 'it.cdx.json'],
    ] as const) {
      await cp(path(kind), join(folder, name))
    }
    spdx = JSON.parse(await readFile(join(folder, 'it.spdx.json'), 'utf8')) as Spdx
  })

  after(async () => {
    if (workshop) await removeTree(workshop.folder)
  })

  test('are valid SPDX 2.3', async () => {
    await runScript(workshop, `${withSid}; pyspdxtools --infile it.spdx.json --version SPDX-2.3`)
  })

  test('are valid CycloneDX 1.6', async () => {
    const validate = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open('it.cdx.json').read())
sys.exit(str(problem) if problem else 0)`
    await runScript(workshop, `python3 -c "$1"`, { args: [validate] })
  })

  test('have the packages that dpkg and debsbom find in the system', async () => {
    const format = ['$', '{Package} $', '{Version}\n'].join('')
    const query = ['--admindir', join(root, 'var/lib/dpkg'), '--show', '--showformat', format]
    const installed = execFileSync('dpkg-query', query, { encoding: 'utf8' }).trimEnd().split('\n').toSorted()
    assert.deepEqual(packagesIn('root-image'), installed)
    await runScript(workshop, `${withSid}; debsbom generate --root system --sbom-type cdx --out theirs`)
    const theirs = JSON.parse(await readFile(join(workshop.folder, 'theirs.cdx.json'), 'utf8')) as {
      readonly components: readonly {
        readonly name: string
        readonly version: string
        readonly purl?: string
      }[]
    }
    const binaries = theirs.components.filter(({ purl }) => purl && !purl.includes('arch=source'))
    assert.deepEqual(binaries.map(({ name, version }) => `${name} ${version}`).toSorted(), installed)
  })

  test('have every file of the system, with the hash that it has there', async () => {
    const files = spdx.files.filter(({ fileName }) => !fileName.startsWith('./initramfs/'))
    const sums = files.map(({ fileName, checksums }) => {
      const sha256 = checksums.find(({ algorithm }) => algorithm === 'SHA256')?.checksumValue ?? ''
      return `${sha256}  ${fileName}`
    })
    const find = ['.', '-xdev', '-type', 'f', '-printf', '%p\n']
    const emptied = /^\.\/(?:boot|dev|proc|run|sys|tmp)\//
    const there = execFileSync('find', find, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 })
      .trimEnd()
      .split('\n')
    assert.deepEqual(
      files.map(({ fileName }) => fileName).toSorted(),
      there.filter((path) => !emptied.test(path)).toSorted(),
    )
    execFileSync('sha256sum', ['--check', '--quiet'], { cwd: root, input: `${sums.join('\n')}\n` })
  })

  test('know what the initramfs has from whom', () => {
    const names = packagesIn('initramfs').map((each) => each.split(' ')[0])
    for (const name of ['busybox-static', 'cryptsetup-bin', 'libc6', 'libcryptsetup12']) {
      assert.ok(names.includes(name), `${name} in ${names}`)
    }
  })

  /** `<name> <version>` of the packages in a part. */
  function packagesIn(part: string): string[] {
    const holder = spdx.packages.find(({ SPDXID }) => SPDXID.startsWith(`SPDXRef-${part}-`))?.SPDXID
    const held = new Set(
      spdx.relationships
        .filter((each) => each.spdxElementId === holder && each.relationshipType === 'CONTAINS')
        .map(({ relatedSpdxElement }) => relatedSpdxElement),
    )
    return spdx.packages
      .filter(({ SPDXID }) => held.has(SPDXID) && SPDXID.startsWith('SPDXRef-Package-'))
      .map(({ name, versionInfo }) => `${name} ${versionInfo}`)
      .toSorted()
  }
})
