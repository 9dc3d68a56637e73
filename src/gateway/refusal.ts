import type { GatewayRefusal, OutageReason } from "../audit/reason.ts";
import type { StepUp } from "../policy/decide.ts";

/** How a call that waits for a person stands, and how its client is to be told. */
export interface Held {
  readonly id: string;
  readonly state: "pending" | "denied";
  readonly expiresAtMilliseconds: number;
  readonly form: "input_required" | "url_elicitation" | "tool_error";
  readonly isStateless: boolean;
  /** For the client to bring back; with `input_required` alone. */
  readonly requestState: string | null;
  /** Where its user learns what the call waits for. */
  readonly url: string;
}

interface RefusalDetail {
  /** Scopes that would permit the operation, all in one challenge (MCP authorization, insufficient scope). */
  readonly neededScopes?: readonly string[];
  /** The sign-in that would (RFC 9470). */
  readonly stepUp?: StepUp | null;
  /** Policy wants a token that is bound to a key. */
  readonly isKeyBindingWanted?: boolean;
  /** The rule that decided, for the record. */
  readonly policyRule?: string | null;
  /** What the upstream said that could not be passed on. */
  readonly upstreamStatus?: number;
  /** The page of ours where the person can connect an account at the upstream. */
  readonly connectUrl?: string | null;
  readonly held?: Held;
  /** When it is worth trying again. */
  readonly retryAfterSeconds?: number;
}

/** A refusal of a gateway call, with what its challenge and its record may say. Carries nothing of the input. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly reason: GatewayRefusal | OutageReason;
  readonly neededScopes: readonly string[];
  readonly stepUp: StepUp | null;
  readonly isKeyBindingWanted: boolean;
  readonly policyRule: string | null;
  readonly upstreamStatus: number | null;
  readonly connectUrl: string | null;
  readonly held: Held | null;
  readonly retryAfterSeconds: number | null;
  constructor(reason: GatewayRefusal | OutageReason, detail: RefusalDetail = {}) {
    super(reason);
    this.reason = reason;
    this.neededScopes = detail.neededScopes ?? [];
    this.stepUp = detail.stepUp ?? null;
    this.isKeyBindingWanted = detail.isKeyBindingWanted ?? false;
    this.policyRule = detail.policyRule ?? null;
    this.upstreamStatus = detail.upstreamStatus ?? null;
    this.connectUrl = detail.connectUrl ?? null;
    this.held = detail.held ?? null;
    this.retryAfterSeconds = detail.retryAfterSeconds ?? null;
  }
}
