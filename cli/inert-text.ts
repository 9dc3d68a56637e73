/** What others wrote must not steer the terminal that shows it, nor turn its direction. */
export function inert(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, "\u{fffd}");
}

/** `inert` for what has several lines of its own; the end of a line and a tab steer nothing. */
export function inertLines(text: string): string {
  return text.replaceAll(/[^\n\t]+/g, inert);
}
