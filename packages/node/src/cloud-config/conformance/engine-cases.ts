import type { StageCase } from './stage-case.ts'

const touch = (name: string) => `real echo ${name} >> ROOT/out`

function step(name: string, more = ''): string {
  return `{name: ${name}, commands: ['${touch(name)}']${more}}`
}

/** Order, conditions, policies: the field's cases of its engine (E…), with its defects corrected, and Kiln's own. */
export const engineCases: readonly StageCase[] = [
  {
    id: 'E1',
    what: 'files act in the order of their names',
    files: { '/t': 'boo\n' },
    configs: {
      '02.yaml': "stages: {boot: [{commands: ['real sed -i s/bar/baz/ ROOT/t']}]}",
      '01.yaml': "stages: {boot: [{commands: ['real sed -i s/boo/bar/ ROOT/t']}]}",
    },
    expect: { files: { '/t': 'baz\n' } },
  },
  {
    id: 'E2',
    what: 'a step waits for the one that it names in after',
    files: { '/t': 'boo\n' },
    configs: {
      '01.yaml':
        "stages: {boot: [{after: [{name: test.test}], commands: ['real sed -i s/bar/baz/ ROOT/t']}]}",
      '02.yaml': "name: test\nstages: {boot: [{name: test, commands: ['real sed -i s/boo/bar/ ROOT/t']}]}",
    },
    expect: { files: { '/t': 'baz\n' }, steps: ['test ok', 'step 0 ok'] },
  },
  {
    id: 'E3',
    what: 'a failure is told, and what comes next runs',
    files: { '/t': 'boo\n' },
    configs: {
      '01.yaml': "stages: {boot: [{name: bad, commands: ['real exit 1']}]}",
      '02.yaml': "stages: {boot: [{name: good, commands: ['real sed -i s/boo/bar/ ROOT/t']}]}",
    },
    expect: {
      files: { '/t': 'bar\n' },
      code: 1,
      steps: ['bad failed', 'good ok'],
      says: ['command ended with 1: real exit 1'],
    },
  },
  {
    id: 'E4',
    what: 'a source may be a single file',
    files: { '/other/one.conf': "#cloud-config\nstages: {boot: [{commands: ['a']}]}\n" },
    configs: { '1.yaml': 'stages: {boot: [{commands: [b]}]}' },
    source: '/other/one.conf',
    expect: { ran: ['a'] },
  },
  {
    id: 'E5',
    what: 'a host name that does not fit',
    configs: { '01.yaml': `stages: {boot: [${step('x', ", node: '^no-such-host$'")}]}` },
    expect: { files: { '/out': undefined }, steps: ['x skipped'], says: ['node: ^no-such-host$ is not'] },
  },
  {
    id: 'E6',
    what: 'conditions look at what the files before did',
    files: { '/t/': '' },
    configs: {
      '01.yaml': "stages: {boot: [{commands: ['real touch ROOT/t/bar']}]}",
      '02.yaml': "stages: {boot: [{if: 'real [ -e ROOT/t/bar ]', commands: ['real touch ROOT/t/baz']}]}",
      '03.yaml': "stages: {boot: [{if: 'real [ -e ROOT/t/none ]', commands: ['real touch ROOT/t/nope']}]}",
    },
    expect: {
      files: { '/t/baz': '', '/t/nope': undefined },
      steps: ['step 0 ok', 'step 0 ok', 'step 0 skipped'],
    },
  },
  {
    id: 'E7',
    what: 'steps without names run one after another',
    configs: {
      '01.yaml': `stages: {boot: [{commands: [a]}, {commands: [b]}, {commands: [c]}, {commands: [d]}]}`,
    },
    expect: { ran: ['a', 'b', 'c', 'd'], steps: ['step 0 ok', 'step 1 ok', 'step 2 ok', 'step 3 ok'] },
  },
  {
    id: 'E8',
    what: 'steps with the same name are not one',
    configs: { '01.yaml': 'stages: {boot: [{name: x, commands: [a]}, {name: x, commands: [b]}]}' },
    expect: { ran: ['a', 'b'], steps: ['x ok', 'x ok'] },
  },
  {
    id: 'E9',
    what: 'before of all files, then the stage of all, then after',
    configs: {
      '01.yaml': `stages: {boot.after: [${step('a3')}], boot: [${step('a1')}, ${step('a2')}], boot.before: [${step('a0')}]}`,
      '02.yaml': `stages: {boot.before: [${step('b0')}], boot: [${step('b1')}, ${step('b2')}], boot.after: [${step('b3')}]}`,
    },
    expect: { files: { '/out': 'a0\nb0\na1\na2\nb1\nb2\na3\nb3\n' } },
  },
  {
    id: 'E10',
    what: 'the same step in three files runs three times',
    configs: {
      '1.yaml': 'x-n: 1\nstages: {boot: [{commands: [a]}]}',
      '2.yaml': 'x-n: 2\nstages: {boot: [{commands: [a]}]}',
      '3.yaml': 'x-n: 3\nstages: {boot: [{commands: [a]}]}',
    },
    expect: { ran: ['a', 'a', 'a'] },
  },
  {
    id: 'E10',
    what: 'corrected: the very same text in two files, as on a medium and as user data, runs once',
    configs: {
      '1.yaml': 'stages: {boot: [{commands: [a]}]}',
      '2.yaml': 'stages: {boot: [{commands: [a]}]}',
    },
    expect: { ran: ['a'] },
  },
  {
    id: 'E11',
    what: 'a file without steps in between does not break the order',
    configs: {
      '01.yaml': `stages: {boot: [${step('one')}]}`,
      '02.yaml': 'stages: {network: [{commands: [other]}]}',
      '03.yaml': `stages: {boot: [${step('three')}]}`,
    },
    expect: { files: { '/out': 'one\nthree\n' } },
  },
  {
    id: 'own',
    what: 'a name that nobody has is told, and the step runs',
    configs: { '1.yaml': `stages: {boot: [${step('a', ', after: [{name: none}]')}]}` },
    expect: { files: { '/out': 'a\n' }, says: ['no step of this stage is called none'] },
  },
  {
    id: 'own',
    what: 'steps that wait for each other do not run, the others do',
    configs: {
      '1.yaml': `stages: {boot: [${step('a', ', after: [{name: b}]')}, ${step('b', ', after: [{name: a}]')}, ${step('c')}]}`,
    },
    expect: {
      files: { '/out': 'c\n' },
      code: 1,
      steps: ['c ok', 'a failed', 'b failed'],
      says: ['waits for itself'],
    },
  },
  {
    id: 'own',
    what: 'stop: nothing of the stage runs after it',
    configs: {
      '1.yaml': `stages:\n  boot: [{name: bad, on_failure: stop, commands: ['real false']}, ${step('next')}]\n  boot.after: [${step('later')}]`,
    },
    expect: {
      files: { '/out': undefined },
      code: 1,
      steps: ['bad failed', 'next skipped', 'later skipped'],
      says: ['bad failed, and on_failure is stop'],
    },
  },
  {
    id: 'own',
    what: 'a policy for the whole stage, which a step may leave',
    configs: {
      '1.yaml': `kiln: {stages: {boot: {on_failure: stop}}}\nstages: {boot: [{name: bad, on_failure: continue, commands: ['real false']}, ${step('a')}, {name: worse, commands: ['real false']}, ${step('b')}]}`,
    },
    expect: { files: { '/out': 'a\n' }, code: 1, steps: ['bad failed', 'a ok', 'worse failed', 'b skipped'] },
  },
  {
    id: 'own',
    what: 'strict stops at the first failure',
    configs: {
      '1.yaml': `strict: true\nstages: {boot: [{name: bad, commands: ['real false']}, ${step('a')}]}`,
    },
    expect: { files: { '/out': undefined }, code: 1, steps: ['bad failed', 'a skipped'] },
  },
  {
    id: 'own',
    what: 'a command that takes too long is ended',
    configs: {
      '1.yaml': `stages: {boot: [{name: slow, timeout: 1, commands: ['real sleep 30']}, ${step('a')}]}`,
    },
    expect: {
      files: { '/out': 'a\n' },
      code: 1,
      steps: ['slow failed', 'a ok'],
      says: ['took longer than 1 s'],
    },
  },
  {
    id: 'own',
    what: 'a file that is not understood is left out alone',
    configs: { '1.yaml': 'stages: {bot: []}', '2.yaml': `stages: {boot: [${step('a')}]}` },
    expect: {
      files: { '/out': 'a\n' },
      code: 1,
      steps: ['read failed', 'a ok'],
      says: ['1.yaml:2:10: unknown key "bot"'],
    },
  },
  {
    id: 'own',
    what: 'a step before brings configuration that the stage has',
    configs: {
      '1.yaml':
        'stages: {boot.before: [{files: [{path: /oem/2.yaml, content: "#cloud-config\\nstages: {boot: [{commands: [fresh]}]}\\n"}]}]}',
    },
    expect: { ran: ['fresh'] },
  },
  {
    id: 'own',
    what: 'a template that cannot be filled in fails its own command only',
    configs: { '1.yaml': "stages: {boot: [{name: t, commands: ['echo {{ .Values.none }}', 'next']}]}" },
    expect: { ran: ['next'], code: 1, says: ['.Values.none has no value', 'line 1, column 9'] },
  },
  {
    id: 'own',
    what: 'a condition whose template cannot be filled in keeps the step from running',
    configs: { '1.yaml': "stages: {boot: [{if: '[ {{ .Values.none }} ]', commands: [x]}]}" },
    expect: { ran: [], code: 1, steps: ['step 0 failed'] },
  },
]
