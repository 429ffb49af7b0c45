/** A text that crypt(5) could have made, or a mark that no password fits. */
export function looksLikeHash(password: string): boolean {
  return /^[!*]*(\$[^:\s]+)?$/.test(password) && password !== ''
}
