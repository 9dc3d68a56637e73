import type { Egress } from "../egress/exchange.ts";
import { ask } from "./ask.ts";
import { authenticate, type OwnClient } from "./client-authentication.ts";
import type { AuthorizationServer } from "./discovery.ts";
import type { GrantParameters } from "./grants.ts";
import { type IssuedToken, readTokenResponse } from "./token-response.ts";

export interface TokenRequest {
  readonly server: Pick<AuthorizationServer, "issuer" | "tokenEndpoint" | "clientAuthenticationMethods">;
  readonly client: OwnClient;
  readonly grant: GrantParameters;
  readonly nowSeconds: number;
  /** "n_a" for what is no access token (RFC 8693 §2.2.1). */
  readonly expectedType: "bearer" | "n_a";
}

/** One request, never repeated here: what it carries may be good only once. @throws OAuthFailure */
export async function requestToken(request: TokenRequest, egress: Egress): Promise<IssuedToken> {
  const { server, client, grant, nowSeconds, expectedType } = request;
  const proof = await authenticate(client, server, nowSeconds);
  const parameters = Object.entries({ ...grant, ...proof.parameters });
  const body = new URLSearchParams(
    parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  ).toString();
  const headers = {
    ...proof.headers,
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  return readTokenResponse(
    await ask({ url: server.tokenEndpoint, method: "POST", headers, body }, egress),
    expectedType,
  );
}
