import { run } from '@kiln/factory/tools/process'

export interface ListedFile {
  readonly name: string
  readonly inode: number
  readonly isFolder: boolean
  readonly bytes: number
}

/** In blocks of the file system. */
export interface Extent {
  readonly logical: number
  readonly physical: number
  readonly blocks: number
  /** Taken, but never written: reads as zeros. */
  readonly isUnwritten: boolean
}

/** The files of some folders; a folder that is not there has none. @param file an ext4 file system, not mounted */
export async function listFolders(file: string, folders: readonly string[]): Promise<ListedFile[][]> {
  const outputs = await ask(
    file,
    folders.map((folder) => `ls -p ${folder}`),
  )
  return outputs.map((lines) =>
    lines.flatMap(parseListed).filter(({ name }) => name !== '.' && name !== '..'),
  )
}

/** Where the content of files is. */
export async function listExtents(file: string, inodes: readonly number[]): Promise<Extent[][]> {
  const outputs = await ask(
    file,
    inodes.map((inode) => `dump_extents -l <${inode}>`),
  )
  return outputs.map((lines) => lines.flatMap(parseExtent))
}

/** One run for many questions: it echoes each before its answer. */
async function ask(file: string, questions: readonly string[]): Promise<string[][]> {
  if (questions.length === 0) return []
  const { stdout } = await run('debugfs', ['-f', '-', file], { input: `${questions.join('\n')}\n` })
  const answers = stdout.split(/^debugfs: /m).slice(1)
  if (answers.length !== questions.length) throw new Error(`debugfs does not answer: ${stdout.slice(0, 500)}`)
  return answers.map((answer) => answer.split('\n').slice(1))
}

/** `/<inode>/<mode>/<owner>/<group>/<name>/<size>/`; a folder has no size, a name that was removed no inode. */
function parseListed(line: string): ListedFile[] {
  const [, inode, mode, , , name, size] = line.split('/')
  if (inode === undefined || mode === undefined || name === undefined || !/^[1-9]\d*$/.test(inode)) return []
  return [{ name, inode: Number(inode), isFolder: mode.startsWith('04'), bytes: Number(size) }]
}

function parseExtent(line: string): Extent[] {
  const found = line.match(/^\s*\d+\/\s*\d+\s+\d+\/\s*\d+\s+(\d+)\s*-\s*\d+\s+(\d+)\s*-\s*\d+\s+(\d+)(.*)$/)
  if (!found) return []
  const [, logical, physical, blocks, flags = ''] = found
  return [
    {
      logical: Number(logical),
      physical: Number(physical),
      blocks: Number(blocks),
      isUnwritten: flags.includes('Uninit'),
    },
  ]
}
