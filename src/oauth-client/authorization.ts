import { encodeBase64url } from "../jwt/base64url.ts";
import { LIMITS } from "../limits.ts";
import type { AuthorizationServer } from "./discovery.ts";
import { OAuthFailure } from "./oauth-failure.ts";
import { flawOfErrorCode } from "./token-response.ts";

/** RFC 7636 §4.1: 256 random bits, kept by us, and their digest, which goes through the browser. */
export interface CodeProof {
  readonly verifier: string;
  readonly challenge: string;
}

export async function makeCodeProof(): Promise<CodeProof> {
  const verifier = encodeBase64url(crypto.getRandomValues(new Uint8Array(32)));
  return { verifier, challenge: await codeChallenge(verifier) };
}

export async function codeChallenge(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return encodeBase64url(new Uint8Array(digest));
}

export interface AuthorizationRequest {
  readonly server: AuthorizationServer;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly codeChallenge: string;
  readonly scope?: string | undefined;
  readonly resource?: string | undefined;
  readonly nonce?: string | undefined;
}

/** Where to send the browser. @throws OAuthFailure for a server where nobody signs in, or without S256 (RFC 9700 §2.1.1) */
export function authorizationUrl(request: AuthorizationRequest): string {
  const { authorizationEndpoint, hasS256 } = request.server;
  if (authorizationEndpoint === null || !hasS256) throw new OAuthFailure("method_unsupported");
  const parameters = {
    response_type: "code",
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: "S256",
    scope: request.scope,
    resource: request.resource,
    nonce: request.nonce,
  };
  const url = new URL(authorizationEndpoint);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

interface ExpectedResponse {
  readonly server: Pick<AuthorizationServer, "issuer" | "namesItself">;
  readonly state: string;
}

/**
 * @returns the code. The state first, so that a forged response says nothing; then who speaks (RFC 9207 §2.4), or one
 * server's code would be redeemed at another. @throws OAuthFailure
 */
export function readAuthorizationResponse(parameters: URLSearchParams, { server, state }: ExpectedResponse): string {
  const [stated, issuer, code, error] = ["state", "iss", "code", "error"].map((name) => {
    const values = parameters.getAll(name);
    if (values.length > 1) throw new OAuthFailure("answer_malformed");
    return values[0] ?? null;
  });
  if (stated !== state) throw new OAuthFailure("state_mismatch");
  if (issuer !== server.issuer && (server.namesItself || issuer !== null)) throw new OAuthFailure("issuer_mismatch");
  if (error !== null) throw new OAuthFailure(flawOfErrorCode(error));
  if (!code || !/^[\x20-\x7e]+$/.test(code) || code.length > LIMITS.issuedTokenCharacters) {
    throw new OAuthFailure("answer_malformed");
  }
  return code;
}
