import { labels } from '@kiln/contract'

/** Tells the initramfs that its root lies on a live medium; the field's own word for it. */
export const liveWords = [`root=live:CDLABEL=${labels.live}`]
