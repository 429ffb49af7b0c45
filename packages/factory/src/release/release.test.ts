import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { artifactName, type ImageIdentity } from '@kiln/contract'
import type { Release, ReleaseCheck } from '@kiln/contract/release/manifest'
import { removeTree } from '../run/remove-tree.ts'
import { readPrivateKey } from '../sign/keys.ts'
import { readPolicy } from '../sign/policy.ts'
import { expectCode, plant, temporaryFolder } from '../testkit/testkit.ts'
import { checkRelease, readRelease, releaseError } from './check.ts'
import { type MakeReleaseOptions, makeRelease } from './make.ts'
import { readResults } from './results.ts'
import { promoteRelease, publishRelease, readStoreIndex, yankRelease } from './store.ts'

const { signal } = new AbortController()
const today = '2026-05-10'
const now = `${today}T12:00:00Z`

/** Repeatable: 32 bits from a seed (Mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32
  }
}

function identities(count: number): ImageIdentity[] {
  return Array.from({ length: count }, (_, number) => ({
    flavor: 'debian',
    flavorRelease: '13',
    variant: 'core',
    arch: number % 2 === 0 ? 'amd64' : 'arm64',
    device: `board${Math.floor(number / 2)}`,
    version: 'v1.2.0',
  }))
}

/** Small files under real names, with what a pipeline leaves beside them. */
function builtFiles(images: readonly ImageIdentity[], kinds: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    images.flatMap((image) => [
      ...kinds.map((kind) => [artifactName(image, kind), `content of ${artifactName(image, kind)}\n`]),
      [
        artifactName(image, '.spdx.json'),
        `{"spdxVersion": "SPDX-2.3", "name": "${artifactName(image, '')}"}\n`,
      ],
    ]),
  )
}

function keysIn(folder: string): { readonly key: string; readonly policy: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  plant(folder, {
    'kiln.key': privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    'kiln.pub': publicKey.export({ format: 'pem', type: 'spki' }) as string,
    'policy.yaml': 'keys: [kiln.pub]\n',
  })
  return { key: join(folder, 'kiln.key'), policy: join(folder, 'policy.yaml') }
}

const required: readonly ReleaseCheck[] = ['checksum', 'signature', 'sbom']

function optionsIn(folder: string, change: Partial<MakeReleaseOptions> = {}): MakeReleaseOptions {
  return {
    folders: [join(folder, 'dist')],
    out: join(folder, 'release'),
    name: 'fleet',
    required,
    results: [],
    expected: [],
    key: readPrivateKey(join(folder, 'kiln.key'), undefined),
    signal,
    ...change,
  }
}

const checkIn = (folder: string, policy = join(folder, 'policy.yaml')) =>
  checkRelease(join(folder, 'release'), { policy: readPolicy(policy), today, signal })

describe('a release of 48 artifacts', () => {
  let folder: string
  let release: Release
  const names = (where = 'release') => readdirSync(join(folder, where)).sort()

  after(() => removeTree(folder))
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kiln-test-'))
    keysIn(folder)
    plant(join(folder, 'dist'), builtFiles(identities(12), ['.iso', '.raw', '.qcow2', '.vhd']))
    const chance = random(7)
    // Broken off five times, at any point, and begun again.
    for (let attempt = 0; attempt < 5; attempt++) {
      const aborter = new AbortController()
      const at = 1 + Math.floor(chance() * 40)
      const progress = (_file: string, done: number) => done === at && aborter.abort()
      await assert.rejects(makeRelease(optionsIn(folder, { signal: aborter.signal, progress })), {
        name: 'AbortError',
      })
      assert.ok(!existsSync(join(folder, 'release/release.json')), 'half a release is none')
    }
    release = (await makeRelease(optionsIn(folder))).release
  })

  it('is whole', async () => {
    assert.equal(release.artifacts.length, 48)
    assert.deepEqual((await checkIn(folder)).problems, [])
    assert.deepEqual(
      names().filter((name) => name.endsWith('.part')),
      [],
    )
  })

  it('is the same when it is made again', async () => {
    const before = readFileSync(join(folder, 'release/release.json'), 'utf8')
    await makeRelease(optionsIn(folder))
    assert.equal(readFileSync(join(folder, 'release/release.json'), 'utf8'), before)
  })

  it('loses or spoils one file, a hundred times, and each is found, exactly', async () => {
    const chance = random(11)
    const pick = <T>(list: readonly T[]) => list[Math.floor(chance() * list.length)] as T
    const damages: readonly (readonly [what: string, damage: (path: string) => void])[] = [
      ['missing', (path) => rmSync(path)],
      ['changed', (path) => appendFileSync(path, 'x')],
      ['changed', (path) => truncateSync(path, 3)],
      [
        'changed',
        (path) =>
          writeFileSync(
            path,
            readFileSync(path).map((byte) => byte ^ 1),
          ),
      ],
    ]
    for (let round = 0; round < 100; round++) {
      const artifact = pick(release.artifacts)
      const check = pick(['artifact', ...required] as const)
      const state = check === 'artifact' ? undefined : artifact.checks[check]
      const name = state?.state === 'passed' ? (state.evidence?.file ?? '') : artifact.file
      const path = join(folder, 'release', name)
      const [what, damage] = pick(damages)
      const content = readFileSync(path)
      // A new file: it may be one with that in the folder it came from.
      rmSync(path)
      writeFileSync(path, content)
      damage(path)
      const { problems } = await checkIn(folder)
      // A bill of materials is about all artifacts of its image.
      const hit = release.artifacts.filter(
        ({ file, image }) => file === artifact.file || (check === 'sbom' && image === artifact.image),
      )
      assert.deepEqual(
        problems.map((problem) => `${problem.file} ${problem.check} ${problem.what}`),
        hit.map(({ file }) => `${file} ${check} ${what}`),
        `round ${round}: ${name}`,
      )
      writeFileSync(path, content)
    }
  })

  it('is published, whole, however often it was broken off, and the index comes last', async () => {
    const root = join(folder, 'store')
    const from = join(folder, 'release')
    const aborter = new AbortController()
    const progress = (_file: string, done: number) => done === 50 && aborter.abort()
    const broken = publishRelease({ release: from, root, now, signal: aborter.signal, progress })
    await assert.rejects(broken, { name: 'AbortError' })
    assert.ok(!existsSync(join(root, 'fleet/index.json')), 'nobody sees half of it')
    const published = await publishRelease({ release: from, root, now, signal })
    assert.deepEqual(await publishRelease({ release: from, root, now: 'later', signal }), published)
    const checked = await checkRelease(published.folder, {
      policy: readPolicy(join(folder, 'policy.yaml')),
      today,
      signal,
    })
    assert.deepEqual(checked.problems, [])
    const { releases } = await readStoreIndex(root, 'fleet')
    assert.deepEqual(
      releases.map(({ version, artifacts, published }) => [version, artifacts, published]),
      [['v1.2.0', 48, now]],
    )
    const page = readFileSync(join(root, 'fleet/v1.2.0.html'), 'utf8')
    assert.equal(page.match(/<tr data-words/g)?.length, 48)
  })
})

describe('a release', () => {
  const small = (t: Parameters<typeof temporaryFolder>[0]) => {
    const folder = temporaryFolder(t)
    keysIn(folder)
    plant(join(folder, 'dist'), builtFiles(identities(2), ['.iso']))
    return folder
  }
  const iso = artifactName(identities(1)[0] as ImageIdentity, '.iso')

  it('takes what others found out, and excuses until a day', async (t) => {
    const folder = small(t)
    plant(folder, {
      'boot.log': 'login:',
      'results.yaml': `
- {artifact: "*.iso", check: boot, state: passed, evidence: boot.log}
- {artifact: "*arm64*", check: boot, state: failed, reason: no login prompt}
- {artifact: "*", check: scan, state: waived, who: ann, why: no fix yet, until: "2026-05-10"}
`,
    })
    const results = readResults(join(folder, 'results.yaml'))
    await makeRelease(optionsIn(folder, { required: ['boot', 'scan'], results }))
    const at = async (day: string) => {
      const policy = readPolicy(join(folder, 'policy.yaml'))
      const { problems } = await checkRelease(join(folder, 'release'), { policy, today: day, signal })
      return problems.map(
        ({ file, check, what }) => `${file.includes('arm64') ? 'arm64' : 'amd64'} ${check} ${what}`,
      )
    }
    assert.deepEqual(await at('2026-05-10'), ['arm64 boot failed'])
    assert.deepEqual(await at('2026-05-11'), [
      'amd64 scan expired',
      'arm64 boot failed',
      'arm64 scan expired',
    ])
  })

  it('says what nobody did', async (t) => {
    const folder = small(t)
    await makeRelease(
      optionsIn(folder, { key: undefined, required: ['signature', 'provenance', 'verification'] }),
    )
    const { problems } = await checkRelease(join(folder, 'release'), { policy: undefined, today, signal })
    const error = releaseError('release', problems)
    assert.equal(error?.code, 'E-RELEASE-INCOMPLETE')
    const own = problems.filter(({ file }) => file === iso)
    assert.deepEqual(own.map(({ check, what }) => `${check} ${what}`).sort(), [
      'provenance not-run',
      'signature not-run',
      'verification failed',
    ])
    assert.match(
      own.find(({ check }) => check === 'verification')?.detail ?? '',
      /no artifact that Kiln knows/,
    )
  })

  it('of another signer, or with a file that nobody vouches for, is not whole', async (t) => {
    const folder = small(t)
    await makeRelease(optionsIn(folder))
    plant(folder, { 'release/extra.iso': 'x' })
    const { problems } = await checkIn(folder)
    assert.deepEqual(
      problems.map(({ file, what }) => `${file} ${what}`),
      ['extra.iso stray'],
    )
    const others = join(folder, 'others')
    const { policy } = keysIn(others)
    await expectCode('E-SIGNATURE-UNTRUSTED', () => checkIn(folder, policy))
  })

  it('with another manifest than was signed is refused', async (t) => {
    const folder = small(t)
    await makeRelease(optionsIn(folder))
    const file = join(folder, 'release/release.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...manifest, required: [] }))
    await expectCode('E-SIGNATURE-INVALID', () => checkIn(folder))
    writeFileSync(file, '{"schema": "kiln.release/v1"}')
    await expectCode('E-CONFIG-MISSING-KEY', () => readRelease(join(folder, 'release')))
    rmSync(file)
    await expectCode('E-ARTIFACT-MISSING', () => readRelease(join(folder, 'release')))
  })

  it('is made of artifacts that make one', async (t) => {
    const folder = small(t)
    const [first] = identities(1)
    if (!first) throw new Error('no image')
    plant(folder, {
      [`other/${artifactName({ ...first, version: 'v9.0.0' }, '.iso')}`]: 'x',
      [`same/${iso}`]: 'x',
      'none/notes.txt': 'x',
    })
    const make = (folders: string[], expected: string[] = []) =>
      makeRelease(optionsIn(folder, { folders: folders.map((name) => join(folder, name)), expected }))
    const several = await expectCode('E-RELEASE-CONFLICT', () => make(['dist', 'other']))
    assert.match(several.message, /several versions: .*v1\.2\.0.*v9\.0\.0|v9\.0\.0.*v1\.2\.0/)
    await expectCode('E-RELEASE-CONFLICT', () => make(['dist', 'same']))
    await expectCode('E-ARTIFACT-MISSING', () => make(['none']))
    await expectCode('E-ARTIFACT-MISSING', () => make(['nowhere']))
    const lacking = await expectCode('E-ARTIFACT-MISSING', () => make(['dist'], [iso, 'kairos-other.iso']))
    assert.match(lacking.message, /kairos-other\.iso is not there/)
  })

  it('comes to its channels by the rules, and can be withdrawn', async (t) => {
    const folder = small(t)
    await makeRelease(optionsIn(folder))
    const root = join(folder, 'store')
    await publishRelease({ release: join(folder, 'release'), root, now, signal })
    const move = { root, name: 'fleet', version: 'v1.2.0', now, signal }
    const rules = [
      { name: 'edge', soak: 0, require: [] },
      { name: 'stable', soak: 2, require: [] },
    ]
    const error = await expectCode('E-RELEASE-RULE', () => promoteRelease(move, 'stable', rules))
    assert.match(error.message, /never in edge/)
    assert.equal(await promoteRelease(move, 'edge', rules), undefined)
    await promoteRelease({ ...move, now: `${today}T14:00:00Z` }, 'stable', rules)
    const index = await yankRelease(move, 'loses its network')
    assert.equal(index.releases[0]?.yanked?.why, 'loses its network')
    await expectCode('E-RELEASE-RULE', () => promoteRelease(move, 'edge', rules))
    await expectCode('E-ARTIFACT-MISSING', () => yankRelease({ ...move, version: 'v0' }, 'x'))
  })

  it('of a version that is published cannot be another one', async (t) => {
    const folder = small(t)
    await makeRelease(optionsIn(folder))
    const publish = () =>
      publishRelease({ release: join(folder, 'release'), root: join(folder, 'store'), now, signal })
    await publish()
    writeFileSync(join(folder, 'dist', iso), 'built again, and other')
    rmSync(join(folder, 'release'), { recursive: true })
    await makeRelease(optionsIn(folder))
    await expectCode('E-RELEASE-CONFLICT', publish)
  })
})
