import { Outage, type OutageReason } from "../audit/reason.ts";
import type { ConnectRefusal } from "../audit/reason.ts";
import { readAuthorizationResponse } from "../oauth-client/authorization.ts";
import type { AuthorizationServer } from "../oauth-client/discovery.ts";
import { OAuthFailure } from "../oauth-client/oauth-failure.ts";
import type { ConnectDependencies } from "./dependencies.ts";
import { ConnectRefused } from "./refusal.ts";

/** What to call it when the other side says no, or cannot be understood. */
export interface LegFailures {
  readonly refused: ConnectRefusal;
  readonly unfit: ConnectRefusal;
  readonly down: OutageReason;
}

export const PROVIDER_FAILURES: LegFailures = {
  refused: "connect_sign_in_refused",
  unfit: "connect_sign_in_not_configured",
  down: "identity_provider_unavailable",
};

export const UPSTREAM_FAILURES: LegFailures = {
  refused: "connect_grant_refused",
  unfit: "connect_authorization_server_unfit",
  down: "upstream_authorization_server_unavailable",
};

/** Talks to the other side in terms of this journey. @throws ConnectRefused, Outage */
export async function inTermsOf<Answer>(failures: LegFailures, talk: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await talk();
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    if (error.flaw === "unavailable") throw new Outage(failures.down, { cause: error });
    if (error.flaw === "issuer_mismatch") throw new ConnectRefused("connect_issuer_mismatch", { cause: error });
    const isRefusal = error.flaw.endsWith("_refused") || error.flaw === "access_denied";
    throw new ConnectRefused(isRefusal ? failures.refused : failures.unfit, { cause: error });
  }
}

interface SentRequest {
  readonly server: AuthorizationServer;
  readonly state: string;
  readonly refused: ConnectRefusal;
}

/**
 * The code of an authorization response that is the answer to the request that this browser was sent out with: the state
 * first, and spent at once, so that none is ever looked at twice; then who it is from (RFC 9207). @throws ConnectRefused
 */
export async function receiveCode(
  parameters: URLSearchParams,
  { server, state, refused }: SentRequest,
  { spendState }: Pick<ConnectDependencies, "spendState">,
): Promise<string> {
  if (parameters.get("state") !== state) throw new ConnectRefused("connect_state_mismatch");
  if ((await spendState(state)) === "replayed") throw new ConnectRefused("connect_state_replayed");
  try {
    return readAuthorizationResponse(parameters, { server, state });
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    const isForeign = error.flaw === "issuer_mismatch";
    const isForged = error.flaw === "state_mismatch" || error.flaw === "answer_malformed";
    throw new ConnectRefused(isForeign ? "connect_issuer_mismatch" : isForged ? "connect_state_mismatch" : refused);
  }
}
