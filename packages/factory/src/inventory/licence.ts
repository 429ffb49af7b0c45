import licenceIds from 'spdx-license-ids/index.json' with { type: 'json' }

/** A licence in the terms of SPDX, and what of it SPDX has no name for. */
export interface Licence {
  /** An SPDX licence expression. */
  readonly expression: string
  /** `LicenseRef-…` → the name that Debian has for it. */
  readonly refs: ReadonlyMap<string, string>
}

/** Of the list in the package spdx-license-ids 3.0.21. A newer one has names that readers in use take for mistakes. */
export const licenseListVersion = '3.26'

const byLowerCase = new Map(licenceIds.map((id) => [id.toLowerCase(), id]))

/** Debian's names that are not those of SPDX but for upper and lower case. */
const aliases: Readonly<Record<string, string>> = {
  expat: 'MIT',
  'mit/x11': 'MIT',
  'apache-2': 'Apache-2.0',
  // The one in /usr/share/common-licenses, which is Perl's.
  artistic: 'Artistic-1.0-Perl',
  bsd2: 'BSD-2-Clause',
  bsd3: 'BSD-3-Clause',
  cc0: 'CC0-1.0',
  'mpl-2': 'MPL-2.0',
  'openldap-2.8': 'OLDAP-2.8',
  psf: 'PSF-2.0',
  vim: 'Vim',
}

/** As Debian's copyright-format names them: `GPL-2+ with Bison exception`. */
const exceptions: Readonly<Record<string, string>> = {
  bison: 'Bison-exception-2.2',
  classpath: 'Classpath-exception-2.0',
  font: 'Font-exception-2.0',
  gcc: 'GCC-exception-3.1',
  libtool: 'Libtool-exception',
  'linux-syscall-note': 'Linux-syscall-note',
  texinfo: 'Texinfo-exception',
}

/**
 * Debian's names of licences as an SPDX expression. `and` binds before `or`, in both; after a comma, Debian's word counts for all
 * that is before it. What SPDX does not know becomes a reference, never the nearest known name.
 * @param scope makes references of one source differ from those of another that has the same name for something else
 */
export function licenceExpression(name: string, scope: string): Licence {
  const refs = new Map<string, string>()
  const groups = name.replaceAll(/_(and|or)_/gi, ' $1 ').split(/\s*,\s*(?=(?:and|or)\s)/i)
  const parts = groups.map((group, index) => {
    const [, word = '', terms = ''] = (index > 0 && group.match(/^(and|or)\s+(.*)$/is)) || ['', '', group]
    const joined = joinedTerms(terms.trim(), scope, refs)
    return `${word ? ` ${word.toUpperCase()} ` : ''}${groups.length > 1 && / (?:AND|OR) /.test(joined) ? `(${joined})` : joined}`
  })
  const expression = parts.join('')
  return { expression, refs }
}

function joinedTerms(text: string, scope: string, refs: Map<string, string>): string {
  return text
    .split(/(\s+(?:and|or)\s+|\s*,\s*)/i)
    .map((piece, index) => {
      if (index % 2 === 1) return /or/i.test(piece) ? ' OR ' : ' AND '
      return termOf(piece.trim(), scope, refs)
    })
    .join('')
}

function termOf(term: string, scope: string, refs: Map<string, string>): string {
  const known = knownTerm(term)
  if (known) return known
  const ref = `LicenseRef-${sanitized(scope)}-${sanitized(term) || 'unnamed'}`
  refs.set(ref, term)
  return ref
}

function knownTerm(term: string): string | undefined {
  const [, base = '', exception] = term.match(/^(\S+)(?:\s+with\s+(\S+)\s+exception)?$/i) ?? []
  const licence = gnuLicence(base) ?? aliases[base.toLowerCase()] ?? byLowerCase.get(base.toLowerCase())
  if (!licence || exception === undefined) return licence
  const known = exceptions[exception.toLowerCase()]
  return known && `${licence} WITH ${known}`
}

/** `GPL-2+`, `LGPLv2.1+`, `GFDL-NIV-1.3+` (no invariant sections), `GPL` (any version). */
function gnuLicence(name: string): string | undefined {
  const match = name.match(/^([AL]?GPL|GFDL)(-NIV)?(?:[-v]*(\d)(?:\.(\d))?(?:\.0)?(\+|-only|-or-later)?)?$/i)
  if (!match) return undefined
  const [, family = '', noInvariants, major, minor = '0', suffix] = match
  const upper = family.toUpperCase()
  const first = { GPL: '1.0', LGPL: '2.0', AGPL: '1.0', GFDL: '1.1' }[upper] ?? '1.0'
  const version = major === undefined ? first : `${major}.${minor}`
  const later = major === undefined || suffix === '+' || suffix?.toLowerCase() === '-or-later'
  const id = `${upper}-${version}${noInvariants ? '-no-invariants' : ''}-${later ? 'or-later' : 'only'}`
  return byLowerCase.get(id.toLowerCase())
}

/** References are made of letters, digits, dots and hyphens. */
function sanitized(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.]+/g, '-').replaceAll(/^-|-$/g, '')
}
