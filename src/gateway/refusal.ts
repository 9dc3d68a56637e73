import type { GatewayRefusal, OutageReason } from "../audit/reason.ts";

interface RefusalDetail {
  /** Scopes that would permit the operation, all in one challenge (MCP authorization, insufficient scope). */
  readonly neededScopes?: readonly string[];
  /** What the upstream said that could not be passed on. */
  readonly upstreamStatus?: number;
}

/** A refusal of a gateway call, with what its challenge and its record may say. Carries nothing of the input. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly reason: GatewayRefusal | OutageReason;
  readonly neededScopes: readonly string[];
  readonly upstreamStatus: number | null;
  constructor(reason: GatewayRefusal | OutageReason, { neededScopes = [], upstreamStatus }: RefusalDetail = {}) {
    super(reason);
    this.reason = reason;
    this.neededScopes = neededScopes;
    this.upstreamStatus = upstreamStatus ?? null;
  }
}
