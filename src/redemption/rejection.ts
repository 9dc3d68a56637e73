import type { Refusal } from "../audit/reason.ts";
import type { StepUp } from "../policy/decide.ts";

/**
 * A refusal, thrown by a check. The reason goes to the audit record; what the client may learn is decided in
 * `token-endpoint/wire-errors.ts` alone. Carries nothing of the input; what sign-in would do better is our own policy's.
 */
export class Rejected extends Error {
  override readonly name = "Rejected";
  readonly reason: Refusal;
  readonly stepUp: StepUp | null;
  constructor(reason: Refusal, stepUp: StepUp | null = null) {
    super(reason);
    this.reason = reason;
    this.stepUp = stepUp;
  }
}
