import { createHash, randomBytes } from "node:crypto";
import { Browser } from "../../../demo/browser.ts";

interface Wanted {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** RFC 8707. */
  readonly resource: string;
  readonly scope: string;
  readonly email: string;
  readonly password: string;
}

export interface ProviderTokens {
  readonly access_token: string;
  readonly id_token: string;
}

/** What an agent gets that knows its provider and nothing of us: code flow with PKCE, for one resource. */
export async function signInFor(wanted: Wanted): Promise<ProviderTokens> {
  const { issuer, clientId: client_id, redirectUri: redirect_uri, resource, scope, email, password } = wanted;
  const code_verifier = randomBytes(32).toString("base64url");
  const code_challenge = createHash("sha256").update(code_verifier).digest("base64url");
  const asked = { response_type: "code", client_id, redirect_uri, resource, scope: `openid ${scope}` };
  const query = new URLSearchParams({ ...asked, code_challenge, code_challenge_method: "S256" });
  const browser = new Browser(redirect_uri);
  const page = await browser.open(new URL(`${issuer}/auth?${query.toString()}`));
  const back = page.kind === "caught" ? page : await browser.submit(page, { email, password });
  const code = back.url.searchParams.get("code");
  if (code === null) throw new Error(`not signed in: ${back.url.searchParams.get("error_description") ?? back.kind}`);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri,
    client_id,
    code_verifier,
    resource,
  });
  const response = await fetch(`${issuer}/token`, { method: "POST", body });
  if (!response.ok) throw new Error(`no token: ${await response.text()}`);
  return (await response.json()) as ProviderTokens;
}
