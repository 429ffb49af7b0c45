/** A program that starts a machine and then does nothing: for tests of what happens when it is killed. */
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'

const [file = ''] = process.argv.slice(2)
const folders = () => globSync('kiln-vm-*', { cwd: tmpdir() }).map((name) => `${tmpdir()}/${name}`)
const before = new Set(folders())
const machine = await startMachine({ firmware: 'bios', drives: [artifactDrive(file)] })
const scratch = folders().filter((folder) => !before.has(folder))
process.stdout.write(`${JSON.stringify({ pid: machine.pid, scratch })}\n`)
