/** A template as plain data. Offsets count from the start of its text. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipeline: Pipeline; readonly at: number }
  | { readonly kind: 'assign'; readonly pipeline: Pipeline; readonly at: number }
  | {
      readonly kind: 'if' | 'with'
      readonly pipeline: Pipeline
      readonly body: Nodes
      readonly otherwise: Nodes
    }
  | { readonly kind: 'range'; readonly pipeline: Pipeline; readonly body: Nodes; readonly otherwise: Nodes }
  | {
      readonly kind: 'template'
      readonly name: string
      readonly pipeline: Pipeline | undefined
      readonly at: number
    }
  | { readonly kind: 'break' | 'continue'; readonly at: number }
export type Nodes = readonly Node[]

export interface Pipeline {
  /** `$a :=`, or in range `$key, $value :=`. */
  readonly variables: readonly string[]
  /** `=` changes variables that are there. */
  readonly declares: boolean
  readonly commands: readonly Command[]
  readonly at: number
}

/** A function or value with its arguments; the result of the one before comes last. */
export interface Command {
  readonly operands: readonly Operand[]
  readonly at: number
}

export type Operand =
  | { readonly kind: 'value'; readonly value: string | number | boolean | undefined; readonly at: number }
  | { readonly kind: 'function'; readonly name: string; readonly at: number }
  /** What the fields are taken of: `.`, `$name`, or what stands in parentheses. */
  | {
      readonly kind: 'path'
      readonly base: PathBase
      readonly fields: readonly string[]
      readonly at: number
    }
export type PathBase =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | Nested
interface Nested {
  readonly kind: 'nested'
  readonly pipeline: Pipeline
}

export interface Template {
  readonly nodes: Nodes
  readonly defined: ReadonlyMap<string, Nodes>
}
