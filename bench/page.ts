import { availableParallelism, totalmem } from 'node:os'
import { type Measured, mib, seconds } from './measure.ts'
import type { Prepared } from './prepare.ts'
import type { Results } from './sections.ts'
import { targets } from './targets.ts'

export interface PageFacts {
  readonly prepared: Prepared
  readonly results: Results
  readonly rounds: number
  readonly quick: boolean
}

/** docs/benchmarks.md. */
export function page(facts: PageFacts): string {
  const sections = [
    head(facts),
    targetSection(facts),
    mediaSection(facts),
    coldSection(facts),
    againSection(facts),
    partsSection(facts),
    stepSection(facts),
    howSection(facts),
  ]
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function head({ prepared, rounds, quick }: PageFacts): string[] {
  const { rootBytes, rootFiles, packages } = prepared
  return [
    '# Benchmarks',
    '',
    `Written by \`node bench/run.ts${quick ? ' --quick' : ''}\`. ${rounds === 1 ? 'One round' : `Medians of ${rounds} rounds in turn`} on one machine with`,
    `${availableParallelism()} processors and ${Math.round(totalmem() / 2 ** 30)} GiB of memory; read the ratios, not the times.`,
    `The root holds ${mib(rootBytes)} in ${rootFiles} files, Debian 13 with ${packages.length} named packages.`,
    ...(quick
      ? ['', '**This is the short run for trying, on a small root: the figures are not those to quote.**']
      : []),
    '',
    '![Time of each](images/benchmarks.svg)',
  ]
}

function targetSection({ results }: PageFacts): string[] {
  const rows = targets(results).map(
    ({ name, wanted, measured, reached }) =>
      `| ${name} | ${wanted} | ${measured} | ${reached ? 'yes' : '**no**'} |`,
  )
  return ['## What was to be reached', '', '| | wanted | measured | reached |', '|---|---|---|---|', ...rows]
}

function mediaSection({ results }: PageFacts): string[] {
  return [
    '## From the unpacked root to the medium',
    '',
    'All start from the same root file system, unpacked on the same disk and already in memory.',
    '',
    ...table(results.media),
  ]
}

function coldSection({ results }: PageFacts): string[] {
  return [
    '## From package files',
    '',
    'The same packages, already loaded. Kiln takes a digest of each result and keeps it; the others do not.',
    '',
    ...table(results.cold),
  ]
}

function againSection({ results }: PageFacts): string[] {
  return [
    '## A build again',
    '',
    'None of the others keeps what it needs for this: AuroraBoot and live-build do the whole of the first table again.',
    '',
    ...table(results.changes, 'Kiln'),
  ]
}

function partsSection({ results }: PageFacts): string[] {
  const { initramfs, packing, program, initramfsStepMs } = results
  const ratio = ([ours, theirs]: readonly [number, number]) => `${(theirs / ours).toFixed(1)}×`
  return [
    '## Parts',
    '',
    'Initramfs for the same kernel:',
    '',
    ...table(initramfs),
    '',
    `The step by itself took ${seconds(initramfsStepMs)}; the rest is the start of the process and the look at all other steps.`,
    '',
    'Packing the same root:',
    '',
    ...table(packing),
    '',
    'Program on the node:',
    '',
    '| | kiln-agent | Node.js | ratio |',
    '|---|---|---|---|',
    `| size | ${mib(program.sizes[0])} | ${mib(program.sizes[1])} | ${ratio(program.sizes)} |`,
    `| start, print version, end | ${seconds(program.starts[0])} | ${seconds(program.starts[1])} | ${ratio(program.starts)} |`,
  ]
}

function stepSection({ results }: PageFacts): string[] {
  return [
    '## Steps of a build from nothing',
    '',
    'As each took in the last cold build; steps that do not need each other run side by side.',
    '',
    '| step | time |',
    '|---|---|',
    ...results.steps.map(({ title, ms }) => `| ${title} | ${seconds(ms)} |`),
  ]
}

function howSection({ prepared: { versions } }: PageFacts): string[] {
  const named = [...versions].map(([name, version]) => `${name} ${version}`).join(', ')
  return [
    '## How it is measured',
    '',
    '- Each contender is one process, started and awaited by GNU time. Wall time is from its start to its end. Processor time',
    '  (user and system), the memory of the largest process and the bytes written are the sums and the maximum that the kernel',
    '  keeps for a process and all that it waited for (`getrusage`). Bytes written are those given to file systems on disk.',
    "- All work on one disk. Before each run its folder is emptied and everything pending is written out; not measured. Kiln's",
    '  row is the command as a user types it, with the start of Node.js, a build whose other results are in the store.',
    '- Before all, the memory of the machine is written to once: a virtual machine gets it from its host only then, and slowly.',
    `- The peers run in a Debian 13 root of their own, made by apt: ${named}. Kiln's toolchain has the`,
    '  same versions of mksquashfs and xorriso.',
    '- **AuroraBoot** itself is not run: it is a container. Its rows are the commands that it starts for an ISO, in its order and',
    '  with its options: rsync of the source folder, rsync to the folder that is packed, `mksquashfs -b 1024k`, `mkfs.vfat` and',
    '  mcopy, xorriso, checksum. An initramfs is expected in the image; the time of dracut is not counted.',
    '  Its container is made of Fedora, whose zlib is zlib-ng, which packs faster than the zlib of Debian;',
    '  `--zlib-ng FILE` adds a row with a zlib-ng that was built beforehand.',
    '- **live-build** gets the root as its `chroot` and runs `lb binary`. It uses the programs of the build machine, not of the',
    '  root (`--build-with-chroot false`), which saves it a copy. Compression is its own choice, xz.',
    '- **mkosi** gets the root as its base tree, and in the second table the package names. It makes a disk, not an ISO: EFI',
    '  partition with UKI, squashfs by systemd-repart, with the compression that Kiln uses.',
    "- **mmdebstrap** installs the same package files, with an empty package in the place of a maker of initramfs, as Kiln's",
    '  own, and packs the root as Kiln does. It makes nothing that boots.',
  ]
}

function table(rows: readonly Measured[], first = ''): string[] {
  const kiln = rows.find(({ name }) => name === 'Kiln')
  const ratio = (row: Measured) => (kiln ? ` ${(row.wallMs / kiln.wallMs).toFixed(1)}× |` : '')
  return [
    `| ${first} | time |${kiln ? ' to Kiln |' : ''} processor | memory | written | size | covers |`,
    `|---|---|${kiln ? '---|' : ''}---|---|---|---|---|`,
    ...rows.map(
      (row) =>
        `| ${row.name} | ${seconds(row.wallMs)} |${ratio(row)} ${seconds(row.cpuMs)} | ${mib(row.memory)} | ${mib(row.written)} | ${mib(row.size)} | ${row.covers} |`,
    ),
  ]
}
