import {
  grubEnvBlock,
  type Layout,
  parameter,
  parseBootParameters,
  parseEntryName,
  parseGrubEnv,
  splitCommandLine,
} from '@kiln/contract'
import { factsOf } from '@kiln/contract/cloud-config/facts'
import { valueOfYaml } from '@kiln/contract/yaml/read'
import { printOnConsoles } from '../../consoles.ts'
import { type ConformanceCase, equal } from '../../host/conformance-case.ts'
import type { Host } from '../../host/host.ts'
import { withCustomMounts } from '../../initramfs/custom-mounts.ts'
import { parseAssignments } from '../../release-file.ts'
import { SourceError } from '../../source/error.ts'
import { sourceText } from '../../source/open.ts'
import { parseSource } from '../../source/reference.ts'
import { planDownloads } from '../modules/downloads.ts'
import { factsFromFile } from '../plan/facts.ts'
import { printYaml } from '../print.ts'
import { renderUrl } from '../remote/url-template.ts'
import { renderTemplate, type Value } from '../template/index.ts'
import { templateHost } from './template-cases.ts'

/** The field's cases of what is around the engine: command line, addresses, names of images and entries, blocks of variables. */
export const agentCases: readonly ConformanceCase[] = [
  ...addresses(),
  ...bootWords(),
  ...sources(),
  ...entryNames(),
  ...variables(),
  ...downloads(),
]

/** @param run its result is compared as JSON; what it throws is a result, too */
function same(id: string, run: (host: Host) => unknown, expected: unknown): ConformanceCase {
  return {
    name: `agent: ${id}`,
    run: (host) => {
      let result: unknown
      try {
        result = run(host)
      } catch (error) {
        result = `refused: ${(error as Error).message}`
      }
      equal(JSON.stringify(result), JSON.stringify(expected))
    },
  }
}

function addresses(): ConformanceCase[] {
  const values = (uuid: string) => ({ product: { uuid, serial: 'AB CD+EF' } })
  const url = (template: string, uuid = 'abc-123') =>
    renderUrl(
      template,
      (text, filled) => renderTemplate(text, { Values: filled as Value }, templateHost),
      () => values(uuid),
    )
  const required = '?uuid={{ required "uuid is required for discovery" .Values.product.uuid }}'
  return [
    same('T1 values are escaped', () => url('?serial={{ .Values.product.serial }}'), '?serial=AB+CD%2BEF'),
    same('T2 functions', () => url('?u={{ .Values.product.uuid | upper }}'), '?u=ABC-123'),
    same(
      'T3 a value that is not there',
      () => url('?a={{ .Values.product.nope }}'),
      'refused: rendering config_url: .Values.product.nope has no value',
    ),
    same('T4 an empty value', () => url('?uuid={{ .Values.product.uuid }}', ''), '?uuid='),
    same(
      'T4 an empty value that is required',
      () => url(required, ''),
      'refused: rendering config_url: required: uuid is required for discovery',
    ),
    same(
      'U4 a plain address asks for no facts',
      () =>
        renderUrl('http://a/?b', renderNothing, () => {
          throw new Error('asked')
        }),
      'http://a/?b',
    ),
  ]
}

function renderNothing(): string {
  throw new Error('rendered')
}

function bootWords(): ConformanceCase[] {
  const words = splitCommandLine('test/key=value1 rd.immucore.debug a=1 a=2 empty=')
  const root = (line: string) => parseBootParameters(line).source
  const hash = '0123456789abcdef'.repeat(4)
  const consoles = (active: string) => (host: Host) => {
    const written: string[] = []
    const acting: Host = {
      ...host,
      readText: () => active,
      stat: (path) => ({ ...host.stat('/dev/null'), type: path === '/dev/gone' ? 'file' : 'character' }),
      write: (path) => void written.push(path),
      print: () => void written.push('standard output'),
    }
    printOnConsoles(acting, 'x')
    return written
  }
  return [
    same('K8 a value', () => parameter(words, 'test/key'), 'value1'),
    same('K8 a bare word', () => parameter(words, 'rd.immucore.debug'), ''),
    same('K8 an empty value', () => parameter(words, 'empty'), ''),
    same('K8 the last of two', () => parameter(words, 'a'), '2'),
    same('K9 corrected: the slot, not a file, is named', () => root('kiln.slot=abc'), {
      kind: 'slot',
      slot: 'abc',
    }),
    same('K9 a UKI names none: its root hash does', () => root(`kiln.roothash=${hash}`), {
      kind: 'slot',
      slot: hash,
    }),
    same('K9 none', () => root('quiet') ?? 'none', 'none'),
    same('K10 a live medium by its label', () => root('root=live:LABEL=COS_LIVE'), {
      kind: 'live',
      label: 'COS_LIVE',
    }),
    same('K10 a live disc by its label', () => root('root=live:CDLABEL=COS_LIVE'), {
      kind: 'live',
      label: 'COS_LIVE',
    }),
    same('K10 no live medium', () => root('root=LABEL=COS_ACTIVE') ?? 'none', 'none'),
    same('K13 corrected: the consoles that the kernel uses', consoles('tty0 ttyS0\n'), [
      '/dev/tty0',
      '/dev/ttyS0',
    ]),
    same('K13 without any, standard output', consoles(''), ['standard output']),
    same('K13 a console that is not there is passed over', consoles('gone ttyS0'), ['/dev/ttyS0']),
  ]
}

function sources(): ConformanceCase[] {
  const source = (text: string) => () => sourceText(parseSource(text))
  return [
    same('A1 docker://', source('docker://some/image'), 'oci:docker.io/some/image:latest'),
    same('A1 docker:', source('docker:some/image:v1'), 'oci:docker.io/some/image:v1'),
    same('A1 dir://', source('dir:///some/absolute/path'), 'dir:/some/absolute/path'),
    same('A1 file://', source('file:///some/path.tar'), 'file:/some/path.tar'),
    same('A1 a name alone is an image', source('quay.io/os/debian'), 'oci:quay.io/os/debian:latest'),
    {
      name: 'agent: A1 what is no source is refused',
      run: () => {
        for (const text of ['scheme://some/path', 'jp#afs://insanity', 'file://some/relative/path']) {
          let meant: string | undefined
          try {
            meant = source(text)()
          } catch (error) {
            if (!(error instanceof SourceError)) throw error
          }
          equal(meant, undefined)
        }
      },
    },
  ]
}

function downloads(): ConformanceCase[] {
  const path = (target: string, url: string) => () => {
    const context = { facts: factsFromFile(factsOf({}), templateHost), warn: () => {} }
    return planDownloads([{ path: target, url }], context).map((operation) =>
      'path' in operation ? operation.path : operation.kind,
    )
  }
  return [
    same('Y13 a path as it is', path('/a/b', 'https://host/c/d.img'), ['/a/b']),
    same('Y13 a folder gets the name of the address', path('/a/', 'https://host/c/d.img?e=/f'), ['/a/d.img']),
    same('Y13 an address without a name', path('/a/', 'https://host/'), ['impossible']),
  ]
}

function entryNames(): ConformanceCase[] {
  const name = (text: string) => () => parseEntryName(text) ?? 'none'
  return [
    same('A2 a generation', name('kiln-5.conf'), { id: 'kiln-5', generation: 5 }),
    same('A2 recovery', name('kiln-recovery.conf'), { id: 'kiln-recovery' }),
    same('A2 an entry of somebody else', name('my_custom_entry.conf'), 'none'),
    same('A2 no entry', name('kiln-5.txt'), 'none'),
    same('A5 tries left', name('kiln-5+3.conf'), {
      id: 'kiln-5',
      generation: 5,
      triesLeft: 3,
      triesDone: 0,
    }),
    same('A5 tries left and done', name('kiln-5+2-1.conf'), {
      id: 'kiln-5',
      generation: 5,
      triesLeft: 2,
      triesDone: 1,
    }),
    ...['+1djn', '+1-sad', '+asd', '+-2', '+3&4', '++++++5', '+3+3-1'].map((counter) =>
      same(`A5 ${counter} is no counter`, name(`kiln-5${counter}.conf`), 'none'),
    ),
  ]
}

function variables(): ConformanceCase[] {
  const layout: Layout = {
    schema: 'kiln.layout/v1',
    ephemeral: ['/etc'],
    persistent: [],
    store: '/store',
  }
  return [
    same(
      'K17 values with blanks and quotes',
      () => parseAssignments('OVERLAY="tmpfs:25%"\nRW_PATHS="/var /etc /srv"\nA=b\n# c\nD=\'e f\'\nEMPTY=\n'),
      { OVERLAY: 'tmpfs:25%', RW_PATHS: '/var /etc /srv', A: 'b', D: 'e f', EMPTY: '' },
    ),
    same(
      'K17 the paths that a machine wants besides',
      () => withCustomMounts(layout, 'CUSTOM_BIND_MOUNTS="/srv/a /srv/b"').layout.persistent,
      ['/srv/a', '/srv/b'],
    ),
    same(
      'A4 a value with an equals sign stays when another comes',
      () => {
        const before = parseGrubEnv(grubEnvBlock({ extra_cmdline: 'fips=1 selinux=0' }))
        return parseGrubEnv(grubEnvBlock({ ...before, next_entry: 'x' }))
      },
      { extra_cmdline: 'fips=1 selinux=0', next_entry: 'x' },
    ),
    same('A4 what is no block', () => parseGrubEnv('a=b\n') ?? 'none', 'none'),
    same(
      'D8 a text that begins with an empty line',
      () => printYaml({ a: '\nfirst\nsecond\n' }),
      'a: |\n\n    first\n    second\n',
    ),
    same(
      'D8 the same, read again',
      () => valueOfYaml(printYaml({ a: ['\nfirst\n\nsecond\n\n', { b: ' c\n' }] })),
      { a: ['\nfirst\n\nsecond\n\n', { b: ' c\n' }] },
    ),
  ]
}
