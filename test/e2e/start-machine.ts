/** A program that starts a machine and then does nothing: for tests of what happens when it is killed. */
import { startMachine } from '@kiln/factory/boot/machine'
import { artifactDrive } from '@kiln/factory/boot/media'

const [file = ''] = process.argv.slice(2)
const machine = await startMachine({ firmware: 'uefi', drives: [artifactDrive(file)] })
process.stdout.write(`${machine.pid}\n`)
