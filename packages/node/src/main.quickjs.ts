import { quickJsHost } from './host/quickjs.ts'
import { std } from './host/quickjs-modules.ts'
import { main } from './main.ts'

/** Entry of the program on the node. An error that gets here is a defect. */
const host = quickJsHost()
let code = 1
try {
  code = main(host)
} catch (error) {
  const stack = error instanceof Error ? error.stack : undefined
  host.printError(`kiln-agent: a defect in kiln-agent itself: ${String(error)}\n${stack ?? ''}`)
}
std.exit(code)
