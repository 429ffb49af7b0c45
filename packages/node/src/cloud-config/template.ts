/**
 * Whether a text asks for values to be filled in, as the field does with `{{ .Values.… }}`. Until Kiln does, such a text
 * must not pass for what was meant. Braces of other programs are none of ours.
 */
export function usesTemplate(text: string): boolean {
  return /\{\{[^}]*\.(Values|MachineID|ProtectedID|UUID|Random)\b/.test(text)
}

export const templateRefusal = 'templates ({{ … }}) are not yet supported'
