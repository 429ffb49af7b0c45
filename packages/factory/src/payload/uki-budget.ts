import { KilnError, sizeText } from '@kiln/contract'

/**
 * Firmware reads a UKI into memory whole, and some gives up on a large one without saying why.
 * @param bytes what the UKI has
 * @throws KilnError E-UKI-SIZE with what takes the room
 */
export function requireBudget(
  bytes: number,
  budget: number,
  {
    kernel,
    initramfs,
  }: { readonly kernel: { readonly size: number }; readonly initramfs: { readonly size: number } },
): void {
  if (bytes <= budget) return
  const parts = `kernel ${sizeText(kernel.size)}, initramfs ${sizeText(initramfs.size)}`
  throw new KilnError(
    'E-UKI-SIZE',
    `the UKI has ${sizeText(bytes)} (${parts}), and may have ${sizeText(budget)}`,
    {
      hint: 'take a smaller kernel (kernel: package:), such as the one for clouds, or allow more: uki: budget:',
    },
  )
}
