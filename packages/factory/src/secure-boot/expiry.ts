import type { X509Certificate } from 'node:crypto'
import { KilnError } from '@kiln/contract'

const dayMs = 86_400_000

/** Whole days until a certificate ends; below zero where it has ended. */
export function daysLeft({ validTo }: Pick<X509Certificate, 'validTo'>, now: Date): number {
  return Math.floor((Date.parse(validTo) - now.getTime()) / dayMs)
}

/** `ended 3 days ago`, `ends in 12 days` */
export function expiryText(days: number): string {
  const count = Math.abs(days)
  const span = `${count} ${count === 1 ? 'day' : 'days'}`
  return days < 0 ? `ended ${span} ago` : `ends in ${span}`
}

/** From here on a build says so. */
export const warnDays = 30

/** @throws KilnError E-KEYS-EXPIRED */
export function refuseExpired(file: string, days: number): void {
  if (days >= 0) return
  throw new KilnError('E-KEYS-EXPIRED', `the certificate ${file} ${expiryText(days)}`, {
    place: { file },
    hint: 'kiln keys rotate db; to build what was released before, set allow-expired: true under secureBoot:',
  })
}
