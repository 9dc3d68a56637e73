/**
 * A line for whoever operates this Worker. Values are names out of closed sets and identifiers of our own: never a
 * token, a claim, or the text of an error, which may quote what it choked on.
 */
export function log(entry: Readonly<Record<string, string>>): void {
  // oxlint-disable-next-line no-console -- the only way from a Worker to its operator's log
  console.error(JSON.stringify(entry));
}
