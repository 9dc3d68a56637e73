import type { EgressRules } from "../../src/egress/url-policy.ts";
import { TrustStore } from "../../src/trust/trust-store.ts";

/** The store that the Worker reads through, over documents that are at hand already. */
export function storeOver(
  documents: readonly { readonly key: string; readonly value: string }[],
  rules: EgressRules,
): TrustStore {
  const texts = new Map(documents.map(({ key, value }) => [key, value]));
  return new TrustStore({ readText: async (key) => texts.get(key) ?? null, rules, onInvalid: () => undefined });
}
