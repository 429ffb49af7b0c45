import { DiskToolError } from '../../disk/tool.ts'
import { HostError } from '../../host/host.ts'
import { SourceError } from '../../source/error.ts'
import { AccountError } from '../accounts.ts'
import { type Actor, OperationError } from './actor.ts'
import { addKeys, fetchKeys } from './authorized-keys.ts'
import { setBootOptions } from './boot-options.ts'
import { bringBundle } from './bundle.ts'
import { runCommand, runProgram } from './commands.ts'
import { askDatasource } from './datasource.ts'
import { makeDirectory } from './directories.ts'
import { downloadFile } from './download.ts'
import { deleteEntity, ensureEntity } from './entities.ts'
import { setEnvironment } from './environment.ts'
import { writeFile } from './files.ts'
import { syncRepository } from './git.ts'
import { setHostname } from './hostname.ts'
import { loadKernelModule, setKernelSetting } from './kernel.ts'
import { applyLayout } from './layout.ts'
import type { Operation, OperationOf } from './operation.ts'
import { unpackImage } from './unpack-image.ts'
import { ensureUser } from './users.ts'

/** One function for each kind of operation; a kind without one does not compile. */
const executors: { readonly [K in Operation['kind']]: (operation: OperationOf<K>, actor: Actor) => void } = {
  directory: makeDirectory,
  file: writeFile,
  environment: setEnvironment,
  download: downloadFile,
  git: syncRepository,
  command: runCommand,
  program: runProgram,
  hostname: setHostname,
  user: ensureUser,
  keys: addKeys,
  'fetch-keys': fetchKeys,
  'ensure-entity': ensureEntity,
  'delete-entity': deleteEntity,
  'kernel-setting': setKernelSetting,
  'kernel-module': loadKernelModule,
  layout: applyLayout,
  'unpack-image': unpackImage,
  'boot-options': setBootOptions,
  bundle: (operation, actor) => bringBundle(operation, actor),
  datasource: askDatasource,
  impossible: ({ message }) => {
    throw new OperationError(message)
  },
}

/** @returns what went wrong, as sentences */
export function execute<K extends Operation['kind']>(
  operation: OperationOf<K>,
  actor: Actor,
): readonly string[] {
  const executor = executors[operation.kind] as (operation: OperationOf<K>, actor: Actor) => void
  return failuresOf(() => executor(operation, actor))
}

/** @returns what goes wrong while something is done, as sentences */
export function failuresOf(action: () => void): readonly string[] {
  try {
    action()
    return []
  } catch (error) {
    if (error instanceof OperationError) return error.messages
    const isExpected = [HostError, AccountError, DiskToolError, SourceError].some(
      (kind) => error instanceof kind,
    )
    if (isExpected) return [(error as Error).message]
    // Even a defect of ours must not keep the other steps from running: one of them may let the administrator in.
    return [`a defect in kiln-agent itself: ${String(error)}`]
  }
}
