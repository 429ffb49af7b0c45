import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { containerToolPackages } from '@kiln/factory/bases/container-tools'
import { removeTree } from '@kiln/factory/run/remove-tree'
import { runScript } from './base-image.ts'
import { debianRoot } from './debian-root.ts'
import { freshFolder } from './harness.ts'
import { makeSampleArchive, makeSampleImage, makeSampleSystem, sampleTag } from './sample-image.ts'

const folders: string[] = []
after(async () => {
  for (const folder of folders) await removeTree(folder)
})

/** Without a step that runs something: that would want limits that a sandbox does not have. */
const containerfile = `FROM docker.io/library/sample:${sampleTag}
COPY busybox /busybox
`

test('podman loads the file for Docker, and builds on it', async () => {
  const tools = await debianRoot([
    ...containerToolPackages,
    ...['attr', 'busybox-static', 'crun', 'libcap2-bin', 'mount', 'podman'],
  ])
  const workshop = { tools: tools.whole, folder: await freshFolder() }
  folders.push(workshop.folder)
  const system = await makeSampleSystem(workshop)
  const { file } = await makeSampleArchive(system, await makeSampleImage(system))
  const writable = ['/var/cache', '/var/tmp'].map(async (target) => ({
    ...{ kind: 'bind' as const, target },
    source: await freshFolder(),
  }))
  const output = await runScript(
    workshop,
    `export TMPDIR=/run/work/it HOME=/run/work/it PODMAN_IGNORE_CGROUPSV1_WARNING=1
podman() {
  command podman --root=/run/work/it/storage --runroot=/run/work/it/run --tmpdir=/run/work/it/tmp \\
    --storage-driver=vfs --cgroup-manager=cgroupfs --events-backend=none "$@"
}
podman load --quiet --input /run/work/archive.tar
mkdir context
cp /usr/bin/busybox context/
printf '%s' "$1" > context/Containerfile
podman build --quiet --isolation=chroot --tag derived context
podman images --format '{{.Repository}}:{{.Tag}}'`,
    {
      args: [containerfile],
      mounts: [
        { kind: 'file-ro', source: file, target: '/run/work/archive.tar' },
        ...(await Promise.all(writable)),
      ],
    },
  )
  assert.match(output, new RegExp(`docker.io/library/sample:${sampleTag}`))
  assert.match(output, /localhost\/derived:latest/)
})
