/** Words of the kernel command line to configuration (reference: the field's command line and collector tests). */
export interface CommandLineCase {
  readonly id: string
  readonly line: string
  readonly value: unknown
  readonly url?: string
  /** Words of the errors. */
  readonly errors?: readonly string[]
}

export const commandLineCases: readonly CommandLineCase[] = [
  { id: 'C1', line: 'root=LABEL=X rd.immucore.debug', value: {} },
  {
    id: 'C2',
    line: 'root=X config_url="https://example.com/a.yaml" options.foo=bar',
    value: { options: { foo: 'bar' }, config_url: 'https://example.com/a.yaml' },
    url: 'https://example.com/a.yaml',
  },
  {
    id: 'C3',
    line: 'kairos.config=hostname=box kairos.config=install.auto=true',
    value: { hostname: 'box', install: { auto: 'true' } },
  },
  {
    id: 'C4',
    line: 'kairos.config_url=https://example.com/x.yaml?token=abc=def',
    value: { config_url: 'https://example.com/x.yaml?token=abc=def' },
    url: 'https://example.com/x.yaml?token=abc=def',
  },
  {
    id: 'C5',
    line: 'kairos.config=users.0.name=kairos kairos.config=users.1.name=foo',
    value: { users: [{ name: 'kairos' }, { name: 'foo' }] },
  },
  {
    id: 'C6',
    line: 'cos.setup=https://example.com/legacy.yaml',
    value: { config_url: 'https://example.com/legacy.yaml' },
    url: 'https://example.com/legacy.yaml',
  },
  {
    id: 'C7',
    line: 'root=X options.foo=bar kairos.config=hostname=box kairos.config_url=https://a/x.yaml',
    value: { options: { foo: 'bar' }, hostname: 'box', config_url: 'https://a/x.yaml' },
    url: 'https://a/x.yaml',
  },
  { id: 'K1', line: 'kairos.config=hostname="my box"', value: { hostname: 'my box' } },
  { id: 'K2', line: 'kairos.config= kairos.config=hostname=box', value: { hostname: 'box' } },
  { id: 'K3', line: 'cos.setup=hostname=box', value: { hostname: 'box' } },
  { id: 'K4', line: 'kairos.config=hostname=a kairos.config=hostname=b', value: { hostname: 'b' } },
  {
    id: 'K5 an empty value is one',
    line: 'options.a="" options.b="foo bar"',
    value: { options: { a: '', b: 'foo bar' } },
  },
  {
    id: 'K6 owned words do not leak',
    line: 'root=LABEL=X kairos.config=hostname=box cos.setup=/oem/50-extra.yaml foo=bar',
    value: { hostname: 'box', config_url: '/oem/50-extra.yaml' },
    url: '/oem/50-extra.yaml',
  },
  {
    id: 'K7 the last address',
    line: 'cos.setup=/first.yaml kairos.config_url=/second.yaml',
    value: { config_url: '/second.yaml' },
    url: '/second.yaml',
  },
  {
    id: 'K7 two of a kind',
    line: 'cos.setup=/a.yaml cos.setup=/b.yaml',
    value: { config_url: '/b.yaml' },
    url: '/b.yaml',
  },
  { id: 'K7 blanks', line: 'cos.setup="/a b.yaml"', value: { config_url: '/a b.yaml' }, url: '/a b.yaml' },
  { id: 'K7 empty', line: 'cos.setup= kairos.config_url=', value: {} },
  {
    id: 'K7 a setting is no address',
    line: 'cos.setup=install.auto=true',
    value: { install: { auto: 'true' } },
  },
  {
    id: 'S5 a block that is not for the command line',
    line: 'player.name="Toad" options.foo=bar',
    value: { options: { foo: 'bar' } },
  },
  {
    id: 'D1 a step by its words',
    line: 'stages.foo[0].name=bar boo.baz',
    value: { stages: { foo: [{ name: 'bar' }] } },
  },
  {
    id: 'D2 commands by their words',
    line: 'stages.foo[0].name=bar stages.foo[0].commands[0]=baz',
    value: { stages: { foo: [{ name: 'bar', commands: ['baz'] }] } },
  },
  {
    id: 'D3 words of others are nothing',
    line: 'ip=dhcp test="echo ping_test_host=127.0.0.1  > /tmp/jojo"',
    value: {},
  },
  {
    id: 'D4 words that are none take no others with them',
    line: 'stages.foo[0].name=bar = =x "" .=y stages.=z foo[=1 stages.foo[0].commands[0]=baz',
    value: { stages: { foo: [{ name: 'bar', commands: ['baz'] }] } },
  },
  {
    id: 'stages in the notation of the field',
    line: 'stages.boot[0].commands[0]="echo a" stages.boot[0].commands[1]=b',
    value: { stages: { boot: [{ commands: ['echo a', 'b'] }] } },
  },
  {
    id: 'gaps close and are told',
    line: 'kairos.config=users.3.name=foo',
    value: { users: [{ name: 'foo' }] },
    errors: ['users on the kernel command line leaves out numbers'],
  },
  {
    id: 'one kind and another',
    line: 'kairos.config=a.b=1 kairos.config=a=2 kairos.config=a.0=3',
    value: { a: { b: '1' } },
    errors: ['a on the kernel command line', 'a.0 on the kernel command line'],
  },
]
