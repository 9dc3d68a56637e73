import { createHash, randomBytes } from "node:crypto";
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { JWTPayload } from "jose";
import { z } from "zod";
import { Browser } from "./browser.ts";

export interface SignInOptions {
  /** Issuer identifier of the IdP. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  redirectUri: string;
  email: string;
  password: string;
}

export interface SignedIn {
  /** The identity assertion that the client later exchanges for ID-JAGs. */
  idToken: string;
  claims: JWTPayload;
}

const discoveryDocument = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
});
type Discovery = z.infer<typeof discoveryDocument>;

const tokenResponse = z.object({ id_token: z.string() });

interface Attempt extends SignInOptions {
  discovery: Discovery;
  // What ties the answer to the request: RFC 6749 §10.12, OIDC Core §3.1.2.1, RFC 7636 §4.1.
  state: string;
  nonce: string;
  codeVerifier: string;
}

/** Signs a user in with the authorization code flow and PKCE, through the IdP's own login form. */
export async function signIn(options: SignInOptions): Promise<SignedIn> {
  const discovery = await discover(options.issuer);
  const attempt = {
    ...options,
    discovery,
    state: random(),
    nonce: random(),
    codeVerifier: random(),
  };
  const answer = await authenticate(attempt);
  const idToken = await redeemCode(authorizationCode(answer, attempt), attempt);
  return { idToken, claims: await verify(idToken, attempt) };
}

async function discover(issuer: string): Promise<Discovery> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  const discovery = discoveryDocument.parse(await response.json());
  if (discovery.issuer !== issuer) throw new Error(`${issuer} says it is ${discovery.issuer}`);
  return discovery;
}

function authorizationUrl(attempt: Attempt): URL {
  const url = new URL(attempt.discovery.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: attempt.clientId,
    redirect_uri: attempt.redirectUri,
    scope: "openid email groups",
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: createHash("sha256").update(attempt.codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return url;
}

async function authenticate(attempt: Attempt): Promise<URLSearchParams> {
  const { email, password } = attempt;
  const browser = new Browser(attempt.redirectUri);
  const first = await browser.open(authorizationUrl(attempt));
  const last = first.kind === "caught" ? first : await browser.submit(first, { email, password });
  if (last.kind === "page") throw new Error(`sign-in refused: ${alertOn(last)}`);
  return last.url.searchParams;
}

function alertOn(page: { status: number; html: string }): string {
  return /<p role="alert">([^<]*)</.exec(page.html)?.[1] ?? `HTTP ${page.status}`;
}

function authorizationCode(answer: URLSearchParams, attempt: Attempt): string {
  const code = answer.get("code");
  if (answer.get("state") !== attempt.state) throw new Error("state does not match");
  // RFC 9207 §2.4: an answer from another authorization server is a mix-up.
  if (answer.get("iss") !== attempt.discovery.issuer) throw new Error("iss does not match");
  if (code === null) throw new Error(`sign-in refused: ${answer.get("error") ?? "no code"}`);
  return code;
}

async function redeemCode(code: string, attempt: Attempt): Promise<string> {
  const response = await fetch(attempt.discovery.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.codeVerifier,
      client_id: attempt.clientId,
      client_secret: attempt.clientSecret,
    }),
  });
  if (!response.ok) throw new Error(`the code was refused: ${await response.text()}`);
  return tokenResponse.parse(await response.json()).id_token;
}

async function verify(idToken: string, attempt: Attempt): Promise<JWTPayload> {
  const keySet = createRemoteJWKSet(new URL(attempt.discovery.jwks_uri));
  const { payload } = await jwtVerify(idToken, keySet, {
    issuer: attempt.discovery.issuer,
    audience: attempt.clientId,
    algorithms: ["ES256"],
  });
  if (payload["nonce"] !== attempt.nonce) throw new Error("nonce does not match");
  return payload;
}

function random(): string {
  return randomBytes(32).toString("base64url");
}
