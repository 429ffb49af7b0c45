import type { GitConfig } from '@kiln/contract/cloud-config/schema/modules/files'
import type { Operation } from '../operations/operation.ts'
import { type PlanContext, withText } from '../plan/context.ts'

export function planGit(
  { url, path, branch = 'master', branch_only = false, auth = {} }: GitConfig,
  context: PlanContext,
): readonly Operation[] {
  return withText(context, `git ${path}`, url, (address) => ({
    kind: 'git',
    url: address,
    path,
    branch,
    branchOnly: branch_only,
    auth,
  }))
}
