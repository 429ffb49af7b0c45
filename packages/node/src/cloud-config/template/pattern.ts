import { needText, type Value, ValueError } from './values.ts'

/**
 * A regular expression as Go writes it (RE2). What people use is the same in JavaScript, but for flags at the start.
 * @throws ValueError
 */
export function pattern(source: Value, flags = ''): RegExp {
  const text = needText(source)
  const [, inline = '', rest = text] = text.match(/^\(\?([ims]+)\)(.*)$/s) ?? []
  try {
    return new RegExp(
      rest.replaceAll('(?P<', '(?<').replaceAll('\\z', '$').replaceAll('\\A', '^'),
      `${flags}${inline}u`,
    )
  } catch {
    throw new ValueError(`${JSON.stringify(text)} is not a regular expression`)
  }
}
