import type { Egress } from "../egress/exchange.ts";
import { ask, readJsonAnswer } from "./ask.ts";
import { authenticate, type OwnClient } from "./client-authentication.ts";
import type { AuthorizationServer } from "./discovery.ts";
import { OAuthFailure } from "./oauth-failure.ts";
import { flawOfErrorCode } from "./token-response.ts";

export interface TokenToRevoke {
  readonly server: AuthorizationServer;
  readonly client: OwnClient;
  readonly token: string;
  readonly hint: "refresh_token" | "access_token";
  readonly nowSeconds: number;
}

/**
 * RFC 7009 §2.1, at the server that issued the token, by the authentication that we are registered with there. 200 is its
 * answer for a token that it does not know, too. @throws OAuthFailure, `method_unsupported` where it revokes nothing
 */
export async function revokeToken(revoked: TokenToRevoke, egress: Egress): Promise<void> {
  const { server, client, token, hint, nowSeconds } = revoked;
  if (server.revocationEndpoint === null) throw new OAuthFailure("method_unsupported", { isRefusal: true });
  const proof = await authenticate(client, server, nowSeconds);
  const headers = {
    ...proof.headers,
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
  };
  const body = new URLSearchParams({ token, token_type_hint: hint, ...proof.parameters }).toString();
  const answer = await ask({ url: server.revocationEndpoint, method: "POST", headers, body }, egress);
  if (answer.status !== 200) throw new OAuthFailure(flawOfErrorCode(readJsonAnswer(answer)?.["error"]));
}
