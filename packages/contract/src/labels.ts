/** Labels of file systems, shared with the field. */
export const labels = {
  live: 'COS_LIVE',
  esp: 'COS_GRUB',
  oem: 'COS_OEM',
  recovery: 'COS_RECOVERY',
  state: 'COS_STATE',
  persistent: 'COS_PERSISTENT',
} as const

/** Where things lie on a live medium. */
export const liveMedium = {
  payloadFolder: '/payload',
  cloudConfig: '/config.yaml',
} as const
