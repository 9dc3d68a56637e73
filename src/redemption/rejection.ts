import type { Refusal } from "../audit/reason.ts";

/**
 * A refusal, thrown by a check. The reason goes to the audit record; what the client may learn is decided in
 * `token-endpoint/wire-errors.ts` alone. Carries nothing of the input.
 */
export class Rejected extends Error {
  override readonly name = "Rejected";
  readonly reason: Refusal;
  constructor(reason: Refusal) {
    super(reason);
    this.reason = reason;
  }
}
