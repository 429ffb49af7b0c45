import { quickJsHost } from './host/quickjs.ts'
import { native, std } from './host/quickjs-modules.ts'

/** Names of modules that are compiled in, set by the bundler: toolchain/agent.ts. */
declare const KILN_LATE: { readonly main: string; readonly state: string }

/** Entry of the program on the node. An error that gets here is a defect. */
const host = quickJsHost()
let code = 1
try {
  // Making the schemas of all verbs takes longer than the answer to what programs ask most often.
  const late = host.args[0] === 'state' ? KILN_LATE.state : KILN_LATE.main
  const { main } = (await native.load(late)) as Pick<typeof import('./main.ts'), 'main'>
  code = main(host)
} catch (error) {
  const stack = error instanceof Error ? error.stack : undefined
  host.printError(`kiln-agent: a defect in kiln-agent itself: ${String(error)}\n${stack ?? ''}`)
}
std.exit(code)
