/**
 * Names in the simplest pattern language there is: `*` stands for any run of characters, also none, and all else for
 * itself. Compared as exact code units. No regular expression, so no name can make it slow: at most |pattern| × |text|.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return pattern === text;
  if (!text.startsWith(head) || !text.slice(head.length).endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
