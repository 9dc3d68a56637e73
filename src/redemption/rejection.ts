import type { JudgedFacts } from "../audit/judged-facts.ts";
import type { Refusal } from "../audit/reason.ts";
import type { StepUp } from "../policy/decide.ts";

interface RejectionDetail {
  /** What sign-in would have to do better. */
  readonly stepUp?: StepUp | null;
  /** The rule that decided, and the revision of the policy that it stands in. */
  readonly policyRule?: string | null;
  readonly policyRevision?: string;
  readonly judged?: JudgedFacts;
}

/**
 * A refusal, thrown by a check. The reason goes to the audit record; what the client may learn is decided in
 * `token-endpoint/wire-errors.ts` alone. Carries nothing of the input; its detail is our own policy's.
 */
export class Rejected extends Error {
  override readonly name = "Rejected";
  readonly reason: Refusal;
  readonly detail: RejectionDetail;
  constructor(reason: Refusal, detail: RejectionDetail = {}) {
    super(reason);
    this.reason = reason;
    this.detail = detail;
  }
}
