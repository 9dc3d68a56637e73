import { LIMITS } from "../limits.ts";
import type { TrustDocuments } from "../trust/documents.ts";
import type { AdminDependencies } from "./dependencies.ts";
import { DOCUMENT_KINDS } from "./document-text.ts";

interface Listed {
  readonly documents: readonly { readonly key: string; readonly revision: string; readonly text: string }[];
  readonly complete: boolean;
}

/** Kind by kind and page by page, up to a bound: each document is a question to the place of its edits. */
export async function readDocuments({ documents }: AdminDependencies): Promise<Listed> {
  const found: Listed["documents"][number][] = [];
  for (const kind of DOCUMENT_KINDS) {
    let cursor: string | null = null;
    do {
      if (found.length >= LIMITS.documentsInStatus) return { documents: found, complete: false };
      // oxlint-disable-next-line no-await-in-loop -- the next page begins where this one ends
      const page: Awaited<ReturnType<typeof documents.list>> = await documents.list(`${kind}:`, cursor);
      found.push(...page.documents);
      cursor = page.cursor;
    } while (cursor !== null);
  }
  return { documents: found, complete: true };
}

/** What is known of a provider's keys, which are its own or at an address. */
export function describeKeySet(parsed: TrustDocuments[keyof TrustDocuments] | null, uses: AdminDependencies) {
  if (parsed === null || !("issuer" in parsed) || parsed.key_set.kind !== "remote") return [];
  const { issuer, key_set } = parsed;
  return [uses.keySetStatus(issuer, key_set.jwksUri).then((state) => ({ issuer, ...state }))];
}
