import type { Reason } from "./reason.ts";

/**
 * A request that did not get what it asked for, as a local Crossgate tells its user at once, whoever sent it. Holds
 * names out of closed sets and of our documents: nothing that the request itself said.
 */
export interface RefusedRequest {
  readonly correlationId: string;
  /** A refusal is the caller's to mend, a failure is ours. */
  readonly decision: "refused" | "failed";
  /** `server_unknown`: no MCP server has the URL, which is an ordinary 404 and no reason in any record. */
  readonly reason: Reason | "server_unknown";
  readonly check: string | null;
  /** Null before the client is known; then there is no record either. */
  readonly clientId: string | null;
  readonly resource: string | null;
}
