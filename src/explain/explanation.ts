import { formatScope } from "../policy/scope.ts";
import { isTokenEndpointReason, toWireError } from "../token-endpoint/wire-errors.ts";
import type { DocumentKind, ParsedDocument } from "../trust/documents.ts";
import type { Revised } from "../trust/trust-store.ts";
import { comparedValues } from "./compared-values.ts";
import type { Explained } from "./explained.ts";
import { explainDecision, policyRequestOf } from "./explained-policy.ts";
import {
  type DocumentStore,
  type Known,
  NOT_CHECKED,
  type Rehearsal,
  type RehearsalRequest,
  type RehearsalWorld,
  rehearse,
} from "./rehearsal.ts";

/** Rehearses the redemption of these claims under these documents, and says why it ends as it does. */
export async function explainRedemption(request: RehearsalRequest, given: RehearsalWorld): Promise<Explained> {
  const world = { ...given, store: new OneReading(given.store) };
  const { refusal, known, assumed } = await rehearse(request, world);
  const policy = await explainPolicy(known, refusal?.check === "policy" || refusal === null, world);
  const { contents } = known;
  return {
    ...verdictOf(refusal),
    compared: refusal === null ? [] : [...comparedValues(refusal.reason, { request, known, issuer: world.issuer })],
    organization: known.organization ?? null,
    resource: known.resource?.resource ?? null,
    scope_granted: known.grantedScope === undefined ? null : formatScope(known.grantedScope),
    authorization_details_granted: [...(known.grantedDetails ?? [])],
    token_lifetime_seconds: contents === undefined ? null : contents.expiresAtSeconds - contents.issuedAtSeconds,
    ...policy,
    assumed: [...assumed],
    not_checked: [...NOT_CHECKED],
  };
}

/** Each document is read once, so that what is explained is what decided, whoever edits it meanwhile. */
class OneReading implements DocumentStore {
  readonly #store: DocumentStore;
  readonly #read = new Map<string, Promise<unknown>>();

  constructor(store: DocumentStore) {
    this.#store = store;
  }

  find<Kind extends DocumentKind>(kind: Kind, name: string): Promise<Revised<ParsedDocument<Kind>> | null> {
    const key = `${kind}:${name}`;
    const read = this.#read.get(key) ?? this.#store.find(kind, name);
    this.#read.set(key, read);
    return read as Promise<Revised<ParsedDocument<Kind>> | null>;
  }
}

function verdictOf(refusal: Rehearsal["refusal"]): Pick<Explained, "decision" | "reason" | "check" | "error"> {
  if (refusal === null) return { decision: "granted", reason: null, check: null, error: null };
  const { reason, check, kind } = refusal;
  const error = isTokenEndpointReason(reason) ? toWireError(reason).error : null;
  return { decision: kind === "refusal" ? "refused" : "failed", reason, check, error };
}

type PolicyPart = Pick<Explained, "policy_rules" | "rules" | "rules_left_out" | "would_help">;

async function explainPolicy(known: Known, wasDecided: boolean, { store }: RehearsalWorld): Promise<PolicyPart> {
  const request = policyRequestOf(known);
  const policy =
    known.organization === undefined || !wasDecided
      ? null
      : await store.find("policy", known.organization).catch(() => null);
  if (request === null || policy === null) return { policy_rules: [], rules: [], rules_left_out: 0, would_help: [] };
  const { decision, ...explained } = explainDecision(policy.document, request);
  // Redemption has just decided on the same policy. If this ever says something else, neither may be believed.
  if ((decision.effect === "permit") !== (known.grantedScope !== undefined)) {
    throw new Error("The explanation disagrees with the decision. This is a fault of Crossgate: please report it.");
  }
  const denying = decision.effect === "permit" || decision.rule === null ? [] : [decision.rule];
  return { policy_rules: [...(known.policyRules ?? denying)], ...explained };
}
