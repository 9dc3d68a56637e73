import type { AccessToken } from "../access-token/verify.ts";
import type { GatewayRefusal, OutageReason } from "../audit/reason.ts";

interface RefusalDetail {
  /** Scopes that would permit the operation, all in one challenge (MCP authorization, insufficient scope). */
  readonly neededScopes?: readonly string[];
  /** Whose call it was, where a signature of ours says so: then it is a decision about somebody, and recorded. */
  readonly caller?: AccessToken;
}

/** A refusal of a gateway call, with what its challenge and its record may say. Carries nothing of the input. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly reason: GatewayRefusal | OutageReason;
  readonly neededScopes: readonly string[];
  readonly caller: AccessToken | null;
  constructor(reason: GatewayRefusal | OutageReason, { neededScopes = [], caller }: RefusalDetail = {}) {
    super(reason);
    this.reason = reason;
    this.neededScopes = neededScopes;
    this.caller = caller ?? null;
  }
}
