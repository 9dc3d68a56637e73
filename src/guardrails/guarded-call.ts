/** What a processor elsewhere is told of a call: names, and who asks for what by which client. */
export interface GuardedCall {
  readonly correlation_id: string;
  readonly resource: string;
  readonly method: string;
  readonly target: string | null;
  readonly organization: string;
  readonly principal: string;
  readonly client_id: string;
}

export type GuardPhase = "before" | "after";

/** What one processor came to, for the record: never what it found. */
export interface GuardOutcome {
  readonly name: string;
  readonly phase: GuardPhase;
  readonly outcome: "passed" | "redacted" | "blocked" | "failed";
  readonly count: number;
}

/** A processor let nothing pass, or could not say. */
export class GuardRefused extends Error {
  override readonly name = "GuardRefused";
  readonly reason: "guardrail_blocked" | "guardrail_withheld" | "guardrail_unavailable";
  constructor(reason: GuardRefused["reason"]) {
    super(reason);
    this.reason = reason;
  }
}
