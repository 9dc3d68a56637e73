import type { LocalCrossgate } from "./local-runtime.ts";
import type { TrustChanges } from "./trust-changes.ts";
import { DOCUMENT_KINDS, type TrustDocument } from "./trust-documents.ts";

type Store = LocalCrossgate["kv"];

export async function applyTrustChanges(kv: Store, { added, changed, removed }: TrustChanges): Promise<void> {
  await Promise.all([...added, ...changed].map(({ key, value }) => kv.put(key, value)));
  await Promise.all(removed.map(({ key }) => kv.delete(key)));
}

/**
 * The state directory remembers documents whose files went away while nothing was running; what no file states any
 * more must not stay trusted. @returns the keys removed
 */
export async function removeOtherDocuments(kv: Store, documents: readonly TrustDocument[]): Promise<string[]> {
  const stated = new Set(documents.map(({ key }) => key));
  const stored = await Promise.all(DOCUMENT_KINDS.map((kind) => listKeys(kv, `${kind}:`)));
  const stale = stored.flat().filter((key) => !stated.has(key));
  await Promise.all(stale.map((key) => kv.delete(key)));
  return stale;
}

async function listKeys(kv: Store, prefix: string, cursor: string | null = null): Promise<string[]> {
  const page = await kv.list({ prefix, cursor });
  const names = page.keys.map(({ name }) => name);
  return page.list_complete ? names : [...names, ...(await listKeys(kv, prefix, page.cursor))];
}
