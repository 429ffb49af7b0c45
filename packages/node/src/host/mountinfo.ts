/** A mount, as the kernel has it. */
export interface Mount {
  /** Path within the file system that is mounted; `/` is all of it. */
  readonly root: string
  readonly target: string
  readonly type: string
  /** `/dev/sda4`, `overlay` … */
  readonly source: string
  /** Of the mount and of the file system. */
  readonly options: readonly string[]
}

/** In the order in which they were mounted. Format: proc_pid_mountinfo(5), with optional fields up to `-`. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line): Mount[] => {
    const fields = line.split(' ')
    const [, , , root, target, options = ''] = fields
    const [type, source, more = ''] = fields.slice(fields.indexOf('-', 6) + 1)
    if (root === undefined || target === undefined || type === undefined || source === undefined) return []
    return [{ root, target, type, source, options: [...options.split(','), ...more.split(',')] }]
  })
}
