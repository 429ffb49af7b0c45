import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Dependencies point inwards: cli → factory → contract ← node, and the command line also
 * has the engine of the node behind `kiln cloud-config`. Computed from what esbuild resolves, dynamic imports
 * included; imports of types, which bring no code and which esbuild therefore does not see, from the text.
 */
const root = fileURLToPath(new URL('..', import.meta.url))

const allowed: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  node: ['contract'],
  factory: ['contract'],
  cli: ['contract', 'factory', 'node'],
}

interface Import {
  readonly from: string
  readonly to: string
}

const isTest = (file: string) =>
  /\.test\.ts$|\.(quickjs|testkit)\.ts$/.test(file) || file.includes('/testkit/')

function sourceFiles(): string[] {
  return Object.keys(allowed).flatMap((name) => {
    const folder = join(root, 'packages', name, 'src')
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join('packages', name, 'src', file))
  })
}

function typeImports(): Import[] {
  return sourceFiles().flatMap((from) => {
    const text = readFileSync(join(root, from), 'utf8')
    const paths = [...text.matchAll(/^(?:import|export) type [^'"]* from ['"]([^'"]+)['"]/gm)]
    return paths.map(([, path = '']) => ({ from, to: resolved(path, join(root, from)) }))
  })
}

async function valueImports(): Promise<Import[]> {
  const found: Import[] = []
  await build({
    absWorkingDir: root,
    entryPoints: sourceFiles(),
    outdir: 'never-written',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    plugins: [
      {
        name: 'collect',
        setup({ onResolve }) {
          onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
            if (kind === 'entry-point') return undefined
            found.push({ from: relative(root, importer), to: resolved(path, importer) })
            return { path, external: true }
          })
        },
      },
    ],
  })
  return found
}

/** Repository paths for relative imports, package names as they are. */
function resolved(path: string, importer: string): string {
  return path.startsWith('.') ? relative(root, join(importer, '..', path)) : path
}

function packageOf(path: string): string | undefined {
  return path.match(/^(?:packages\/|@kiln\/)([a-z]+)/)?.[1]
}

const found = [...(await valueImports()), ...typeImports()]

test('there is something to look at', () => {
  assert.ok(found.length > 100, `${found.length} imports`)
  assert.ok(found.some(({ from, to }) => packageOf(from) === 'cli' && to.startsWith('@kiln/factory')))
})

test('packages import only what lies further in', () => {
  const wrong = found.filter(({ from, to }) => {
    const [own, other] = [packageOf(from), packageOf(to)]
    return own && other && own !== other && !allowed[own]?.includes(other)
  })
  assert.deepEqual(wrong, [])
})

test('packages reach each other by name, not by path', () => {
  const wrong = found.filter(
    ({ from, to }) => to.startsWith('packages/') && packageOf(from) !== packageOf(to),
  )
  assert.deepEqual(wrong, [])
})

test('the contract runs anywhere: nothing of Node.js in it', () => {
  const wrong = found.filter(
    ({ from, to }) => packageOf(from) === 'contract' && to.startsWith('node:') && !isTest(from),
  )
  assert.deepEqual(wrong, [])
})

test('the program on the node knows Node.js only in one adapter', () => {
  const wrong = found.filter(
    ({ from, to }) =>
      packageOf(from) === 'node' &&
      to.startsWith('node:') &&
      !isTest(from) &&
      !/^packages\/node\/src\/host\/node(-watched)?\.ts$/.test(from),
  )
  assert.deepEqual(wrong, [])
})
