/** What others wrote must not steer the terminal that shows it, nor turn its direction. */
export function inert(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "\u{fffd}");
}
