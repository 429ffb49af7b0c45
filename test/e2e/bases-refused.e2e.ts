import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { type Architecture, isKilnError } from '@kiln/contract'
import type { RegistryAccess } from '@kiln/factory/bases/registry-access'
import { treeDigest } from '@kiln/factory/tools/tar-digest'
import { makeLayout, runScript } from './base-image.ts'
import {
  containerTools,
  encodedLogin,
  importBase,
  importText,
  layout,
  login,
  plain,
  reference,
  resolveText,
  secure,
  signal,
  workshop,
  writeWork,
} from './bases-harness.ts'
import { isKiln } from './harness.ts'

describe('what cannot be had', () => {
  const base = (rest: string) => () => `oci:${secure.host}/os/base${rest}`
  const other = `sha256:${'0'.repeat(64)}`
  const cases: readonly {
    readonly title: string
    readonly text: () => string
    readonly code: Parameters<typeof isKiln>[0]
    readonly access?: () => Partial<RegistryAccess>
    readonly arch?: Architecture
  }[] = [
    { title: 'a tag that is not there', text: base(':none'), code: 'E-BASE-MISSING' },
    { title: 'a name that is not there', text: () => `oci:${secure.host}/os/none`, code: 'E-BASE-MISSING' },
    { title: 'a digest that is not there', text: base(`@${other}`), code: 'E-BASE-MISSING' },
    {
      title: 'a wrong password',
      text: base(':v1'),
      code: 'E-REGISTRY-DENIED',
      access: () => ({ authFile: join(workshop.folder, 'wrong.json') }),
    },
    {
      title: 'no password',
      text: base(':v1'),
      code: 'E-REGISTRY-DENIED',
      access: () => ({ authFile: undefined }),
    },
    {
      title: 'a certificate that nobody knows',
      text: base(':v1'),
      code: 'E-REGISTRY-INSECURE',
      access: () => ({ certFolder: undefined }),
    },
    { title: 'plain HTTP', text: () => `oci:${plain.host}/os/base:v1`, code: 'E-REGISTRY-INSECURE' },
    {
      title: 'a registry that is not there',
      text: () => 'oci:127.0.0.1:9/base',
      code: 'E-REGISTRY-UNREACHABLE',
    },
    { title: 'another architecture', text: base(':v1'), code: 'E-BASE-MISMATCH', arch: 'arm64' },
    {
      title: 'an architecture that an index lacks',
      text: () => `oci:${secure.host}/os/multi:v1`,
      code: 'E-BASE-MISMATCH',
      arch: 'riscv64',
    },
    { title: 'a layout without such a tag', text: () => `oci-layout:${layout}:none`, code: 'E-BASE-MISSING' },
    { title: 'a layout with several images', text: () => `oci-layout:${layout}`, code: 'E-BASE-MISSING' },
    { title: 'a layout that is not there', text: () => 'oci-layout:none', code: 'E-BASE-MISSING' },
    { title: 'an archive that is none', text: () => 'docker-archive:auth.json', code: 'E-BASE-UNKNOWN' },
    { title: 'a file that is not there', text: () => 'tar:none.tar', code: 'E-BASE-MISSING' },
    { title: 'a folder that is a file', text: () => 'dir:auth.json', code: 'E-BASE-MISSING' },
    { title: 'a tar file that is none', text: () => 'tar:auth.json', code: 'E-BASE-UNKNOWN' },
    {
      title: 'an image with programs of another architecture',
      text: () => `oci:${secure.host}/os/multi:v1`,
      code: 'E-BASE-MISMATCH',
      arch: 'arm64',
    },
  ]
  for (const { title, text, code, access, arch } of cases) {
    test(title, async () => {
      await assert.rejects(importText(text(), access?.(), arch), (error) => {
        assert.ok(isKilnError(error), inspect(error))
        assert.equal(error.code, code, `${error.message}\n${error.output}`)
        const shown = inspect(error, { depth: 10, showHidden: true })
        assert.ok(!shown.includes(login.password) && !shown.includes(encodedLogin), 'no secret in the error')
        return true
      })
    })
  }

  test('plain HTTP, where it is allowed, can', async () => {
    const imported = await importText(`oci:${plain.host}/os/base:v1`, { allowInsecure: true })
    assert.equal(imported.digest, reference.digest)
  })

  test('plain HTTP is not allowed by a registries.conf', async () => {
    const conf = await writeWork(
      'insecure.conf',
      `[[registry]]\nlocation = "${plain.host}"\ninsecure = true\n`,
    )
    const attempt = resolveText(`oci:${plain.host}/os/base:v1`, { registriesConf: conf })
    await assert.rejects(attempt, isKiln('E-REGISTRY-INSECURE'))
  })

  test('another distribution or release', async () => {
    const other = { ids: ['fedora'], release: '42', arch: 'amd64' } as const
    await assert.rejects(importBase(reference.base, other), isKiln('E-BASE-MISMATCH', /debian 13.*fedora 42/))
    const newer = { ids: ['debian'], release: '14', arch: 'amd64' } as const
    await assert.rejects(importBase(reference.base, newer), isKiln('E-BASE-MISMATCH'))
  })

  test('a file or folder that changed since it was resolved', async () => {
    await runScript(
      workshop,
      'mkdir -p changing/etc; echo ID=debian > changing/etc/os-release; tar -C changing -cf changing.tar .',
    )
    for (const text of ['tar:changing.tar', 'dir:changing']) {
      const base = await resolveText(text)
      await runScript(workshop, 'echo more >> changing/etc/os-release; tar -C changing -cf changing.tar .')
      await assert.rejects(importBase(base), isKiln('E-BASE-CHANGED'))
    }
  })

  test('a link where a folder must be', async () => {
    await runScript(
      workshop,
      'mkdir -p evil/etc; echo ID=debian > evil/etc/os-release; ln -s / evil/var; tar -C evil -cf evil.tar .',
    )
    for (const text of ['tar:evil.tar', 'dir:evil']) {
      await assert.rejects(importText(text), isKiln('E-BASE-MISMATCH', /\/var is a link/))
    }
  })

  test('a link that leads out of the root is not followed', async () => {
    await runScript(
      workshop,
      `mkdir -p out/etc out2/x; echo ID=debian > out/etc/os-release; ln -s /run/work/archives out/x
      echo bad > out2/x/bad; : > out2/x/.wh.0; tar -C out -cf out.tar .; tar -C out2 -cf out2.tar x/bad x/.wh.0`,
    )
    const image = await makeLayout(workshop, 'escape', [
      { file: 'out.tar', plain: 'out.tar' },
      { file: 'out2.tar', plain: 'out2.tar' },
    ])
    const before = await treeDigest(containerTools.whole.folder, signal)
    await importText(`oci-layout:${image}:base`).catch(() => {})
    assert.equal(await treeDigest(containerTools.whole.folder, signal), before)
  })
})
