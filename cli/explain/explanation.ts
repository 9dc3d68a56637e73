import type { Reason } from "../../src/audit/reason.ts";
import type { AuthorizationDetail } from "../../src/policy/authorization-details.ts";
import { formatScope } from "../../src/policy/scope.ts";
import { isTokenEndpointReason, toWireError } from "../../src/token-endpoint/wire-errors.ts";
import { CommandError } from "../command-error.ts";
import { comparedValues } from "./compared-values.ts";
import { type ExplainedRule, explainDecision, policyRequestOf } from "./policy-part.ts";
import { type Known, NOT_CHECKED, type Rehearsal, type RehearsalRequest, type RehearsalWorld } from "./rehearsal.ts";
import { describeReason } from "./reasons.ts";

/** Why, in full: what `explain` prints and what --json holds. */
export interface Explained {
  readonly decision: "granted" | "refused" | "failed";
  readonly reason: Reason | null;
  readonly check: string | null;
  /** All that the client would be told. */
  readonly error: string | null;
  readonly meaning: string;
  readonly fix: string | null;
  readonly compared: readonly string[];
  readonly organization: string | null;
  readonly resource: string | null;
  readonly scope_granted: string | null;
  /** What the token would carry of them. */
  readonly authorization_details_granted: readonly AuthorizationDetail[];
  readonly token_lifetime_seconds: number | null;
  /** The rules that permitted it, or the one that decided against it. */
  readonly policy_rules: readonly string[];
  readonly rules: readonly ExplainedRule[];
  readonly would_help: readonly string[];
  readonly assumed: readonly string[];
  readonly not_checked: readonly string[];
}

export async function explainRehearsal(
  { refusal, known, assumed }: Rehearsal,
  request: RehearsalRequest,
  world: RehearsalWorld,
): Promise<Explained> {
  const policy = await explainPolicy(known, refusal?.check === "policy" || refusal === null, world);
  const { contents } = known;
  return {
    ...verdictOf(refusal),
    compared: refusal === null ? [] : comparedValues(refusal.reason, { request, known, issuer: world.issuer }),
    organization: known.organization ?? null,
    resource: known.resource?.resource ?? null,
    scope_granted: known.grantedScope === undefined ? null : formatScope(known.grantedScope),
    authorization_details_granted: known.grantedDetails ?? [],
    token_lifetime_seconds: contents === undefined ? null : contents.expiresAtSeconds - contents.issuedAtSeconds,
    ...policy,
    assumed,
    not_checked: NOT_CHECKED,
  };
}

function verdictOf(
  refusal: Rehearsal["refusal"],
): Pick<Explained, "decision" | "reason" | "check" | "error" | "meaning" | "fix"> {
  if (refusal === null) {
    const meaning = "Every check says yes.";
    return { decision: "granted", reason: null, check: null, error: null, meaning, fix: null };
  }
  const { reason, check, kind } = refusal;
  const error = isTokenEndpointReason(reason) ? toWireError(reason).error : null;
  return { decision: kind === "refusal" ? "refused" : "failed", reason, check, error, ...describeReason(reason) };
}

async function explainPolicy(
  known: Known,
  wasDecided: boolean,
  { store }: RehearsalWorld,
): Promise<Pick<Explained, "policy_rules" | "rules" | "would_help">> {
  const request = policyRequestOf(known);
  const policy =
    known.organization === undefined || !wasDecided
      ? null
      : await store.find("policy", known.organization).catch(() => null);
  if (request === null || policy === null) return { policy_rules: [], rules: [], would_help: [] };
  const { decision, rules, would_help } = explainDecision(policy.document, request);
  // Redemption has just decided on the same policy. If this ever says something else, neither may be believed.
  if ((decision.effect === "permit") !== (known.grantedScope !== undefined)) {
    throw new CommandError(
      "The explanation disagrees with the decision. This is a fault of Crossgate: please report it.",
    );
  }
  const denying = decision.effect === "permit" || decision.rule === null ? [] : [decision.rule];
  return { policy_rules: known.policyRules ?? denying, rules, would_help };
}
