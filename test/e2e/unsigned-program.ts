/** A program for UEFI as it was before it was signed: without the table of signatures at its end, and without its place. */
export function withoutSignatures(program: Buffer): Buffer {
  const directory = program.readUInt32LE(0x3c) + 24 + 112 + 4 * 8
  const table = program.readUInt32LE(directory)
  if (table === 0) throw new Error('the program is not signed')
  const bare = Buffer.from(program.subarray(0, table))
  bare.fill(0, directory, directory + 8)
  return bare
}
