import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boardOf, genericDevice, listBoards } from './load.ts'
import { BoardFile, boardPaths } from './schema.ts'

const files = readdirSync(fileURLToPath(new URL('../../../../boards', import.meta.url)))

describe('the data of boards', () => {
  it('is one file for each, named after its board', () => {
    const names = listBoards().map(({ board }) => `${board}.yaml`)
    assert.deepEqual(names, files.toSorted())
    assert.ok(names.includes('rpi3.yaml') && names.includes('rpi4.yaml'))
  })

  it('has none for a generic machine', () => assert.equal(boardOf(genericDevice), undefined))

  for (const board of listBoards()) {
    it(`of ${board.board} puts no two files in one place, and none over what Kiln puts there`, () => {
      const paths = boardPaths(board).map((path) => path.toLowerCase())
      assert.equal(new Set(paths).size, paths.length)
      for (const path of paths) assert.doesNotMatch(path, /^(efi|loader|kiln)\//)
    })

    it(`of ${board.board} names in config.txt only what is there`, () => {
      const text = board.files['config.txt'] ?? ''
      for (const [, file = ''] of text.matchAll(/^kernel=(.+)$/gm))
        assert.ok(boardPaths(board).includes(file), file)
    })
  }

  it('leads nowhere out of a package or partition', () => {
    const [board] = listBoards()
    for (const path of ['/etc/passwd', '../x', 'a/../../x', 'a/..', '']) {
      const firmware = { ...board?.firmware, packages: { x: { [path]: 'a' } } }
      assert.ok(!BoardFile.safeParse({ ...board, firmware }).success, path)
      assert.ok(!BoardFile.safeParse({ ...board, files: { [path]: '' } }).success, path)
    }
  })
})
