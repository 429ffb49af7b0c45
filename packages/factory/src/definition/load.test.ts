import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { formatPlace, imageName, isKilnError, type KilnError } from '@kiln/contract'
import { cloudConfigFindings } from './cloud-config.ts'
import { loadDefinition } from './load.ts'
import { starterFiles, starterName } from './starter.ts'

const distros = [
  { flavor: 'debian', releases: ['13', '12'] },
  { flavor: 'alpine', releases: ['3.22'] },
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kiln-definition-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(path: string, text: string | Buffer): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

function failure(pathOrFolder: string): KilnError {
  try {
    loadDefinition(pathOrFolder, distros)
  } catch (error) {
    if (isKilnError(error)) return error
    throw error
  }
  throw new Error('the definition was accepted')
}

/** `CODE line:column`, file left out. */
function brief(error: KilnError): string[] {
  return error.findings.map(
    ({ code, place }) => `${code} ${place ? formatPlace({ ...place, file: '' }).slice(1) : '-'}`,
  )
}

const head = 'name: sample\nversion: v1.0.0\nimages:\n'
const debian = '  - flavor: debian\n    release: "13"\n'

test('paths become absolute, from the folder of the file', () => {
  write('kiln.yaml', `${head}${debian}    overlay: files\n    cloud-config: config/cloud.yaml\n`)
  write('files/etc/motd', 'hello')
  write('config/cloud.yaml', '#cloud-config\nhostname: a\n')
  const loaded = loadDefinition(folder, distros)
  assert.equal(loaded.file, join(folder, 'kiln.yaml'))
  assert.equal(loaded.folder, folder)
  const [image] = loaded.images
  assert.ok(image)
  assert.equal(image.overlay, join(folder, 'files'))
  assert.equal(image.cloudConfig, join(folder, 'config/cloud.yaml'))
  assert.equal(imageName(image.identity), 'debian-13-core-amd64-generic-v1.0.0')
  assert.equal(formatPlace(loaded.placeOf(['images', 0, 'overlay'])), `${folder}/kiln.yaml:6:14`)
})

test('the file itself can be given, whatever its name', () => {
  const file = write('other.yaml', head + debian)
  assert.equal(loadDefinition(file, distros).file, file)
})

test('a missing file or folder names what to do', () => {
  for (const path of [folder, join(folder, 'nowhere')]) {
    const error = failure(path)
    assert.equal(error.code, 'E-CONFIG-MISSING')
    assert.match(error.hint ?? '', /kiln init/)
  }
})

test('a file that is no text', () => {
  assert.equal(failure(write('kiln.yaml', Buffer.from([0xff, 0xfe, 0x00]))).code, 'E-CONFIG-UNREADABLE')
})

test('everything that does not fit is found in one run', () => {
  write('bad.yaml', 'hostname: no header\n')
  write('file', '')
  write(
    'kiln.yaml',
    `name: sample
version: v1.0.0
keyring: gone.gpg
images:
  - {flavor: debain, release: "13", overlay: gone}
  - {flavor: debian, release: "14", overlay: file, device: generic}
  - {flavor: debian, release: "12", cloud-config: gone.yaml}
  - {flavor: debian, release: "13", cloud-config: bad.yaml}
  - {flavor: debian, release: "13"}
`,
  )
  const error = failure(folder)
  assert.equal(error.exitCode, 6)
  assert.deepEqual(brief(error), [
    'E-KEYRING-MISSING 3:10',
    'E-DISTRO-UNKNOWN 5:14',
    'E-OVERLAY-UNREADABLE 5:46',
    'E-DISTRO-UNKNOWN 6:31',
    'E-OVERLAY-UNREADABLE 6:46',
    'E-CLOUD-CONFIG 7:51',
    'E-CLOUD-CONFIG 1:1',
    'E-CONFIG-BAD-VALUE 9:5',
  ])
  assert.match(error.findings[1]?.hint ?? '', /did you mean "debian"\? \(known: debian, alpine\)/)
  assert.match(error.findings[7]?.message ?? '', /images\[3\] at .*kiln\.yaml:8:5/)
})

test('an overlay that leads in circles', () => {
  write('kiln.yaml', `${head}${debian}    overlay: circle\n`)
  symlinkSync('circle', join(folder, 'circle'))
  assert.match(failure(folder).message, /^the overlay circle cannot be read \(ELOOP\)$/)
})

test('a cloud-config has its header within ten lines and a map below it', () => {
  const accepted = [
    '#cloud-config\n',
    '# mine\n\n#cloud-config  \r\nhostname: a\n',
    '#cloud-config\nusers: [{name: me}]\n',
  ]
  const refused = [
    '',
    'hostname: a\n',
    `${'#\n'.repeat(10)}#cloud-config\n`,
    '#cloud-config\n- a\n',
    '#cloud-config\na: [\n',
  ]
  for (const text of accepted) assert.deepEqual(cloudConfigFindings(write('c', text)), [], text)
  for (const text of refused)
    assert.equal(cloudConfigFindings(write('c', text))[0]?.code, 'E-CLOUD-CONFIG', text)
})

test('a cloud-config is judged as a node judges it', () => {
  const said = (text: string) =>
    cloudConfigFindings(write('c', text)).map(({ place, message, hint }) => [place?.line, message, hint])
  assert.deepEqual(said('#cloud-config\nk3s:\n  enable: true\n'), [
    [3, 'unknown key "enable" in k3s', 'did you mean "enabled"?'],
  ])
  const [[line, message] = []] = said('#cloud-config\ninstall: {reboot: true, poweroff: true}\n')
  assert.deepEqual([line, message], [2, 'install.reboot and install.poweroff cannot both be true'])
})

test('the starter is valid as it stands', () => {
  for (const { path, text } of starterFiles({ name: 'sample', flavor: 'debian', release: '13' }))
    write(path, text)
  const loaded = loadDefinition(folder, distros)
  assert.equal(loaded.definition.name, 'sample')
  assert.ok(loaded.images[0]?.cloudConfig)
})

test('the starter is valid with its comments taken away, too', () => {
  for (const { path, text } of starterFiles({ name: 'sample', flavor: 'debian', release: '13' })) {
    write(path, text.replace(/^( *)# ?( *(?:[a-z_-]+:|- ).*)$/gm, '$1$2').replace(/^ +add: \[\]\n/gm, ''))
  }
  mkdirSync(join(folder, 'overlay'))
  const [image] = loadDefinition(folder, distros).images
  assert.deepEqual(image?.packages, { add: ['htop', 'tmux'], remove: ['openssh-server'] })
  assert.equal(image?.kernel?.package, 'linux-image-cloud-amd64')
})

test('a name for a system from any name of a folder', () => {
  assert.equal(starterName('My System_2'), 'my-system-2')
  assert.equal(starterName('--'), 'kiln')
  assert.equal(starterName(`${'a'.repeat(62)}-b`), 'a'.repeat(62))
})
