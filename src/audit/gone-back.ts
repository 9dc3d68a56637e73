import { chainPrefix, parseArchiveName, rangePrefix } from "./archive-name.ts";

interface LedgerPlace {
  readonly chain: string;
  /** The newest record that it knows of. */
  readonly last: number;
}

/**
 * Whether the archive has a record of a ledger's that the ledger itself does not know: it was put back to an older state,
 * and will give numbers out a second time, or somebody else writes to the bucket.
 */
export async function hasGoneBack(archive: Pick<R2Bucket, "list">, { chain, last }: LedgerPlace): Promise<boolean> {
  const where = { prefix: chainPrefix(chain), startAfter: rangePrefix(chain, last + 1) };
  const { objects } = await archive.list({ ...where, limit: 10 });
  return objects.some(({ key }) => parseArchiveName(key) !== null);
}
