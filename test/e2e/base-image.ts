import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Mount, runInSandbox } from '@kiln/factory/sandbox/sandbox'

/** Folder of a result with a Debian root in it, and one to work in. */
export interface Workshop {
  readonly tools: { readonly folder: string }
  readonly folder: string
}

/** Runs a shell script in a Debian root. It sees the workshop's folder as /run/work/it, where it starts. */
export async function runScript(
  { tools, folder }: Workshop,
  script: string,
  options: { readonly mounts?: readonly Mount[]; readonly network?: boolean; readonly args?: string[] } = {},
): Promise<string> {
  const own: Mount = { kind: 'bind', source: folder, target: '/run/work/it' }
  const { stdout } = await runInSandbox(
    {
      root: { layers: [join(tools.folder, 'root')] },
      mounts: [own, ...(options.mounts ?? [])],
      network: options.network ?? false,
      scratch: folder,
    },
    ['bash', '-euc', `cd /run/work/it\n${script}`, 'bash', ...(options.args ?? [])],
  )
  return stdout
}

/** Three layers by GNU tar: what is tested of unpacking, with what later layers take away or put over it. */
const makeLayers = `
pack() { tar --create --file="$1.tar" --directory="$1" --sort=name --numeric-owner --xattrs --xattrs-include='*' --format=posix $(ls -A "$1"); }

mkdir -p 1/etc 1/usr/bin 1/opt/gone 1/opt/kept 1/srv/full/deep 1/home/u 1/var/lib/x 1/becomes-file/in 1/dev 1/run 1/tmp 1/lower
ln -s usr/bin 1/bin
printf 'ID=debian\\nVERSION_ID="13"\\n' > 1/etc/os-release
cp /usr/bin/dash 1/usr/bin/sh
cp /usr/bin/dash 1/usr/bin/ping; setcap cap_net_raw+ep 1/usr/bin/ping
cp /usr/bin/dash 1/usr/bin/su; chmod 4755 1/usr/bin/su
echo first > 1/etc/first; ln 1/etc/first 1/etc/second; ln -s first 1/etc/link; ln -s /nowhere 1/etc/broken
echo a > 1/opt/gone/a; echo a > 1/opt/kept/a; echo b > 1/opt/kept/b; echo deep > 1/srv/full/deep/a; echo old > 1/srv/full/old
echo u > 1/home/u/file; chown -R 1000:1000 1/home/u; chmod 700 1/home/u
echo x > 1/var/lib/x/y; chmod 2775 1/var/lib/x; chown 0:50 1/var/lib/x
echo in > 1/becomes-file/in/a; echo file > 1/becomes-folder; echo away > 1/run/away; echo mark > 1/.dockerenv
echo 'two
lines' > "1/opt/odd name 'quoted' \\\\ ü"; echo wh > 1/lower/file; ln -s lower 1/to-lower
setfattr --name=user.kiln --value=hello 1/etc/first
pack 1

mkdir -p 2/opt/kept 2/srv/full 2/etc 2/becomes-folder 2/to-lower
: > 2/opt/.wh.gone; : > 2/opt/kept/.wh.b; : > 2/srv/full/.wh..wh..opq; echo new > 2/srv/full/new
: > 2/etc/.wh.second; : > 2/.wh..wh.plnk; echo now > 2/becomes-file; echo a > 2/becomes-folder/a
: > 2/to-lower/.wh.file; echo replaced > 2/to-lower/own
pack 2

mkdir -p 3/etc 3/usr/bin
ln 1/etc/first 3/etc/first; ln 1/etc/first 3/etc/third; ln -s ../usr/bin/su 3/usr/bin/alias
tar --create --file=3.tar --directory=3 --format=posix etc/first etc/third usr/bin/alias
tar --delete --file=3.tar etc/first

zstd --quiet 2.tar; gzip --no-name --keep 1.tar 3.tar
`

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const types = 'application/vnd.oci.image'

/** Puts files of the workshop into an OCI image layout below `name`: one image `base`, and an index `multi` that has it, too. */
export async function makeLayout(
  { folder }: Workshop,
  name: string,
  layers: readonly { readonly file: string; readonly packed?: 'gzip' | 'zstd'; readonly plain: string }[],
): Promise<string> {
  const layout = join(folder, name)
  const blobs = join(layout, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const put = async (mediaType: string, content: Buffer | string): Promise<Descriptor> => {
    const hex = createHash('sha256').update(content).digest('hex')
    await writeFile(join(blobs, hex), content)
    return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(content) }
  }
  const described: Descriptor[] = []
  const plain: string[] = []
  for (const layer of layers) {
    const suffix = layer.packed ? `+${layer.packed}` : ''
    described.push(await put(`${types}.layer.v1.tar${suffix}`, await readFile(join(folder, layer.file))))
    const hash = createHash('sha256').update(await readFile(join(folder, layer.plain)))
    plain.push(`sha256:${hash.digest('hex')}`)
  }
  const image = async (architecture: string) => {
    const rootfs = { type: 'layers', diff_ids: plain }
    const config = await put(`${types}.config.v1+json`, JSON.stringify({ os: 'linux', architecture, rootfs }))
    const manifest = { schemaVersion: 2, mediaType: `${types}.manifest.v1+json`, config, layers: described }
    return put(`${types}.manifest.v1+json`, JSON.stringify(manifest))
  }
  const [amd64, arm64] = [await image('amd64'), await image('arm64')]
  const manifests = [
    { ...amd64, platform: { os: 'linux', architecture: 'amd64' } },
    { ...arm64, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
  ]
  const index = { schemaVersion: 2, mediaType: `${types}.index.v1+json`, manifests }
  const multi = await put(`${types}.index.v1+json`, JSON.stringify(index))
  const named = (descriptor: Descriptor, tag: string) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  })
  const top = { schemaVersion: 2, manifests: [named(amd64, 'base'), named(multi, 'multi')] }
  await writeFile(join(layout, 'index.json'), JSON.stringify(top))
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return layout
}

/** The image of the tests. All of its layers are packed: skopeo would pack plain ones, and change the digest, when it pushes. */
export async function makeTestImage(workshop: Workshop): Promise<string> {
  await runScript(workshop, makeLayers)
  return makeLayout(workshop, 'layout', [
    { file: '1.tar.gz', packed: 'gzip', plain: '1.tar' },
    { file: '2.tar.zst', packed: 'zstd', plain: '2.tar' },
    { file: '3.tar.gz', packed: 'gzip', plain: '3.tar' },
  ])
}

/** A tar archive of character devices like /dev/null, which an ordinary user could not pack. Format: ustar, POSIX.1-1988. */
export function makeDeviceArchive(paths: readonly string[]): Buffer {
  const blocks = paths.map((path) => {
    const block = Buffer.alloc(512)
    const fields: readonly (readonly [offset: number, text: string])[] = [
      ...([
        [0, path],
        [100, '0000666\0'],
        [108, '0000000\0'],
        [116, '0000000\0'],
      ] as const),
      ...([
        [124, '00000000000\0'],
        [136, '00000000000\0'],
        [148, '        '],
        [156, '3'],
      ] as const),
      ...([
        [257, 'ustar\x0000'],
        [329, '0000001\0'],
        [337, '0000003\0'],
      ] as const),
    ]
    for (const [offset, text] of fields) block.write(text, offset, 'latin1')
    const sum = block.reduce((total, byte) => total + byte, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    return block
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
