import type { EgressRules } from "../../src/egress/url-policy.ts";
import type { StoredDocument, TrustBackend } from "../backend/trust-backend.ts";
import { storeOver } from "../explain/trust-texts.ts";
import { readTrustSet } from "../trust-set.ts";
import type { ReplayReport } from "./describe-replay.ts";
import { readDecisions } from "./recorded-decision.ts";
import { replay } from "./replay.ts";
import type { InForce } from "./replayable.ts";

export interface ReplayRequest {
  readonly days: number;
  readonly nowMilliseconds: number;
  /** The documents to be tried. */
  readonly documents: readonly StoredDocument[];
  readonly rules: EgressRules;
}

/** Reads what was decided, and what is in force to know what was asked about, and makes the decisions again. */
export async function runReplay(
  backend: Pick<TrustBackend, "name" | "query" | "readDocuments">,
  { days, nowMilliseconds, documents, rules }: ReplayRequest,
): Promise<ReplayReport> {
  const { decisions, unreadable, isComplete } = await readDecisions(backend, { days, nowMilliseconds });
  const inForce = await readInForce(await backend.readDocuments(), rules);
  const result = await replay(decisions, readTrustSet(documents, rules), inForce);
  return { where: backend.name, days, unreadable, is_complete: isComplete, ...result };
}

async function readInForce(documents: readonly StoredDocument[], rules: EgressRules): Promise<InForce> {
  const { policy: policies } = readTrustSet(documents, rules);
  const store = storeOver(documents, rules);
  const found = await Promise.all(
    [...policies.keys()].map(async (name) => [name, (await store.find("policy", name))?.revision ?? ""] as const),
  );
  return { policies, revisions: new Map(found) };
}
