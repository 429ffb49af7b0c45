import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Architecture, architectureFacts } from '@kiln/contract'
import { build as bundle } from 'esbuild'
import { ownArchitecture } from '../distros/debian-architecture.ts'
import { prefixedFileDigest, treeDigest } from '../resolve/digest.ts'
import type { Executors } from '../run/engine.ts'
import { runInSandbox } from '../sandbox/sandbox.ts'
import { toolchainSandbox } from './toolchain.ts'

const packages = fileURLToPath(new URL('../../../', import.meta.url))

/** Programs that are made of packages/node: the agent itself, and the test that its host adapter behaves. */
export type AgentProgram = 'main' | 'conformance'

/** Modules of each that are evaluated only when they are asked for, by their names in the program. */
const lateModules: Readonly<Record<AgentProgram, Readonly<Record<string, string>>>> = {
  main: { main: 'main.ts', state: 'state/main.ts' },
  conformance: {},
}

/** Digest of everything the agent is made of: its sources, the contract's, and the versions of their libraries. */
export async function agentSources(): Promise<string> {
  const isSource = (path: string) => !path.endsWith('.test.ts')
  const digests = await Promise.all(
    ['node/src', 'node/native', 'contract/src'].map((folder) => treeDigest(join(packages, folder), isSource)),
  )
  const lock = await prefixedFileDigest(join(packages, '..', 'package-lock.json'))
  return [...digests, lock].join(' ')
}

export const makeAgent: Executors['agent'] = async (step, context) => {
  const { arch, version } = step.params
  const { toolchain, target } = context.inputs
  const program = await compileAgent('main', {
    version,
    toolchain,
    ...(target ? { cross: { arch, target } } : {}),
    out: context.out,
    scratch: context.scratch,
    signal: context.signal,
    onLine: context.line,
  })
  const [digest, { size }] = await Promise.all([prefixedFileDigest(program), stat(program)])
  return { digest, facts: { version, digest, size } }
}

export interface CompileOptions {
  readonly version: string
  readonly toolchain: { readonly folder: string }
  /** For another architecture: the toolchain has a compiler for it then, and the target its library of QuickJS. */
  readonly cross?: { readonly arch: Architecture; readonly target: { readonly folder: string } }
  readonly out: string
  readonly scratch: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

/** TypeScript → one module → QuickJS bytecode → one static program. Returns its path: `<out>/kiln-agent`. */
export async function compileAgent(program: AgentProgram, options: CompileOptions): Promise<string> {
  const { cross } = options
  const sources = join(options.scratch, 'agent')
  await mkdir(sources, { recursive: true })
  const late = Object.entries(lateModules[program])
  const inSandbox = (name: string) => `/run/work/src/${name}.js`
  const lateNames = Object.fromEntries(late.map(([name]) => [name, inSandbox(name)]))
  const source = (file: string) => join(packages, 'node/src', file)
  await bundle({
    entryPoints: {
      bundle: source(`${program}.quickjs.ts`),
      ...Object.fromEntries(late.map(([name, file]) => [name, source(file)])),
    },
    // The names of the shared parts come from paths as seen from here: not from where kiln was called.
    absWorkingDir: packages,
    outdir: sources,
    splitting: true,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import', 'module'],
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    external: ['std', 'os', 'kiln_native'],
    define: { KILN_VERSION: JSON.stringify(options.version), KILN_LATE: JSON.stringify(lateNames) },
    logLevel: 'silent',
  })
  const sandbox = toolchainSandbox(options.toolchain, options.scratch, [
    { kind: 'bind', source: sources, target: '/run/work/src' },
    { kind: 'bind', source: join(packages, 'node/native'), target: '/run/work/native' },
    { kind: 'bind', source: options.out, target: '/run/work/out' },
    ...(cross
      ? [{ kind: 'bind-ro', source: join(cross.target.folder, 'root'), target: '/run/work/target' } as const]
      : []),
  ])
  const run = (...argv: [string, ...string[]]) =>
    runInSandbox(sandbox, argv, { onLine: options.onLine, signal: options.signal })
  const names = late.map(([name]) => inSandbox(name))
  await run('qjsc', ...bytecodeArguments(inSandbox('bundle'), names, '/run/work/src/agent.c'))
  const { multiarch } = architectureFacts[cross?.arch ?? ownArchitecture()]
  const libraries = `${cross ? '/run/work/target' : ''}/usr/lib/${multiarch}/quickjs`
  await run(
    cross ? `${multiarch}-gcc` : 'gcc',
    ...linkArguments(
      ['/run/work/src/agent.c', '/run/work/native/kiln_native.c'],
      libraries,
      '/run/work/out/kiln-agent',
    ),
  )
  return join(options.out, 'kiln-agent')
}

/**
 * Lines of the minified bundle help nobody, and are a tenth of the program.
 * @param late modules that no other one imports
 */
function bytecodeArguments(module: string, late: readonly string[], output: string): string[] {
  const lateOptions = late.flatMap((path) => ['-D', path])
  return ['-s', '-e', '-m', '-M', 'kiln_native,kiln_native', ...lateOptions, '-o', output, module]
}

/** @param libraries folder with that of QuickJS */
function linkArguments(sources: readonly string[], libraries: string, output: string): string[] {
  return [
    ...[
      '-static',
      '-Os',
      '-s',
      '-ffunction-sections',
      '-fdata-sections',
      '-Wl,--gc-sections',
      '-Wl,--build-id=none',
    ],
    ...['-I/usr/include/quickjs', '-o', output, ...sources],
    ...[`-L${libraries}`, '-lquickjs', '-lm', '-lpthread', '-ldl'],
  ]
}
