import { type SigningKey, signJwt } from "../jwt/sign.ts";
import { LIMITS } from "../limits.ts";
import type { AuthorizationServer } from "./discovery.ts";
import { OAuthFailure } from "./oauth-failure.ts";

/** Who we are at an authorization server, and by what we prove it. */
export type OwnClient =
  | {
      readonly method: "client_secret_basic";
      readonly clientId: string;
      readonly secret: string;
    }
  | { readonly method: "client_secret_post"; readonly clientId: string; readonly secret: string }
  | { readonly method: "private_key_jwt"; readonly clientId: string; readonly key: SigningKey }
  /** Where PKCE is all the proof there is. */
  | { readonly method: "none"; readonly clientId: string };

export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** RFC 6749 §2.3.1 and RFC 7523 §2.2. @throws OAuthFailure where the server does not take this method */
export async function authenticate(
  client: OwnClient,
  server: Pick<AuthorizationServer, "issuer" | "clientAuthenticationMethods">,
  nowSeconds: number,
): Promise<ClientProof> {
  if (!server.clientAuthenticationMethods.includes(client.method)) throw new OAuthFailure("method_unsupported");
  if (client.method === "client_secret_basic") {
    return { headers: { authorization: basic(client.clientId, client.secret) }, parameters: {} };
  }
  return { headers: {}, parameters: { client_id: client.clientId, ...(await proofOf(client, server, nowSeconds)) } };
}

async function proofOf(
  client: Exclude<OwnClient, { readonly method: "client_secret_basic" }>,
  { issuer }: Pick<AuthorizationServer, "issuer">,
  nowSeconds: number,
): Promise<Readonly<Record<string, string>>> {
  if (client.method === "none") return {};
  if (client.method === "client_secret_post") return { client_secret: client.secret };
  const assertion = await clientAssertion(client, issuer, nowSeconds);
  return { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
}

/** Form-encoded first: a colon or an umlaut in either would otherwise make another pair of it. */
function basic(clientId: string, secret: string): string {
  return `Basic ${btoa(`${encodeFormValue(clientId)}:${encodeFormValue(secret)}`)}`;
}

function encodeFormValue(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** rfc7523bis §4: for the issuer and nobody else, of a type that nothing else of ours has. */
function clientAssertion(
  { clientId, key }: { readonly clientId: string; readonly key: SigningKey },
  issuer: string,
  nowSeconds: number,
): Promise<string> {
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    jti: crypto.randomUUID(),
    iat: nowSeconds,
    exp: nowSeconds + LIMITS.ownClientAssertionLifetimeSeconds,
  };
  return signJwt("client-authentication+jwt", claims, key);
}
