import { DocumentEditor } from "../../durable-objects/document-editor.ts";
import { LIMITS } from "../limits.ts";
import { recordChange, reportInvalid } from "../reporting.ts";
import { DocumentSource } from "../trust/document-source.ts";
import { TrustStore } from "../trust/trust-store.ts";
import type { Parts } from "./parts.ts";

type Given = Pick<Parts, "env" | "runtime" | "config" | "recorder" | "revocations">;

/** Trust and policy as they are read, and as they are edited. */
export function buildTrust({ env, runtime, config, recorder, revocations }: Given): Pick<Parts, "trust" | "editor"> {
  const documents = new DocumentSource({
    readText: (key) => env.TRUST_AND_POLICY.get(key, { cacheTtl: LIMITS.trustDocumentFreshSeconds }),
    openCache: () => caches.open("last-known-good"),
    waitUntil: runtime.waitUntil,
  });
  const editor = new DocumentEditor({
    edits: env.DOCUMENT_EDITS,
    documents: env.TRUST_AND_POLICY,
    placement: config.ledger,
  });
  const trust = new TrustStore({
    readText: (key) => documents.read(key),
    readLastKnownGood: (key) => documents.readLastKnownGood(key),
    isReplaced: (kind, revision) => revocations.isReplaced(kind, revision),
    readCurrent: async (key) => (await editor.read(key))?.text ?? null,
    rules: config.egress,
    freshSeconds: config.documentFreshSeconds,
    onInvalid: (error) => reportInvalid(error, recorder, runtime),
    onChange: (change) => runtime.waitUntil(recordChange(change, recorder)),
  });
  return { trust, editor };
}
