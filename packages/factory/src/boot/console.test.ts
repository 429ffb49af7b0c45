import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SerialConsole } from './console.ts'

function consoleThatSaid(...chunks: string[]): SerialConsole {
  const console = new SerialConsole()
  for (const chunk of chunks) console.feed(Buffer.from(chunk))
  return console
}

const readings = [
  { title: 'plain lines', said: 'one\ntwo\n', text: 'one\ntwo\n' },
  { title: 'carriage returns', said: 'one\r\r\ntwo\r\n', text: 'one\ntwo\n' },
  { title: 'colours', said: '[\u001b[0;32m  OK  \u001b[0m] Reached\n', text: '[  OK  ] Reached\n' },
  {
    title: 'strings for the terminal, as systemd sends them',
    said: '\u001b]3008;start=1;type=boot\u001b\\Welcome\u001b]0;x\u0007!\n',
    text: 'Welcome!\n',
  },
  {
    title: 'a cursor that is moved, as firmware does',
    said: '\u001b[2J\u001b[01;01HBdsDxe\u001b[02;01Hnext',
    text: '\nBdsDxe\nnext',
  },
  {
    title: 'character sets and single functions',
    said: '\u001b(B\u001b7\u001bcdone\u001b=\n',
    text: 'done\n',
  },
  { title: 'a prompt that ends no line', said: 'one\nlogin: ', text: 'one\nlogin: ' },
  { title: 'an escape sequence that has only begun', said: 'login: \u001b[0;3', text: 'login: ' },
  { title: 'umlauts', said: 'Töpferofen ⛩\n', text: 'Töpferofen ⛩\n' },
]

for (const { title, said, text } of readings) {
  test(`reads ${title}`, () => assert.equal(consoleThatSaid(said).text, text))
}

test('it does not matter in which pieces the text comes', () => {
  const said = Buffer.from(readings.map((reading) => reading.said).join(''))
  const whole = consoleThatSaid(said.toString()).text
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: said.length })), (cuts) => {
      const console = new SerialConsole()
      const ends = [...new Set([...cuts, said.length])].toSorted((a, b) => a - b)
      let start = 0
      for (const end of ends) {
        console.feed(said.subarray(start, end))
        start = end
      }
      assert.equal(console.text, whole)
    }),
  )
})

test('finds whole lines, prompts, and nothing from before the mark', () => {
  const console = consoleThatSaid('kiln: up: 1\nlogin: ')
  assert.deepEqual(console.find(/kiln: up: [^\n]*\n/), { line: 'kiln: up: 1', position: 0 })
  assert.deepEqual(console.find(/login: $/g), { line: 'login: ', position: 1 })
  assert.equal(console.find(/login: .*\n/), undefined)
  assert.equal(console.find(/kiln: up/, console.position), undefined)
})

test('tells each finished line once', () => {
  const lines: string[] = []
  const console = new SerialConsole((line) => lines.push(line))
  for (const chunk of ['a', 'b\nc', '\n', 'd']) console.feed(Buffer.from(chunk))
  assert.deepEqual(lines, ['ab', 'c'])
  assert.deepEqual(console.lastLines(2), ['c', 'd'])
})

test('a line without end does not grow for ever', () => {
  const console = new SerialConsole()
  for (let count = 0; count < 40; count++) console.feed(Buffer.alloc(4096, 'x'))
  assert.ok(console.position > 0)
})
