import { CredentialRefused } from "./credential-refused.ts";
import { identityClaims, type IdentityContents } from "./identity-claims.ts";
import { identityHeaders } from "./identity-headers.ts";
import type { CredentialAsked, Supplier } from "./supplied.ts";

export interface IdentityDependencies {
  readonly issuer: string;
  /** By a key of /jwks that has not been revoked. @throws Outage */
  readonly sign: (typ: string, claims: object) => Promise<string>;
  readonly readClockSeconds: () => number;
}

/** A token of ours that says who is calling, for an upstream that trusts us to know. */
export function identitySupplier(uses: IdentityDependencies): Supplier<"identity"> {
  return async ({ header, audience, shape, claims, headers }, asked) => {
    const wanted = { audience: audience ?? asked.resource.upstream, shape, claims };
    const plain = identityHeaders(headers, asked.caller);
    const token = await signIdentity(wanted, asked, uses);
    const value = header.toLowerCase() === "authorization" ? `Bearer ${token}` : token;
    return { headers: { ...plain, [header]: value } };
  };
}

/** About the caller, for the authorization server that exchanges it; and what it says, whatever its time and number. */
export async function identify(
  asked: CredentialAsked,
  audience: string,
  uses: IdentityDependencies,
): Promise<{ readonly token: string; readonly says: string }> {
  const { caller } = asked;
  const token = await signIdentity({ audience, shape: "at+jwt", claims: ["organization"] }, asked, uses);
  return { token, says: JSON.stringify([audience, caller.issuer, caller.subject, caller.clientId]) };
}

type Wanted = Pick<IdentityContents, "audience" | "shape" | "claims">;

async function signIdentity(wanted: Wanted, asked: CredentialAsked, uses: IdentityDependencies): Promise<string> {
  requireForeign(wanted.audience, asked, uses);
  const { caller, correlationId } = asked;
  const { issuer, readClockSeconds } = uses;
  const contents = { ...wanted, issuer, caller, correlationId, nowSeconds: readClockSeconds() };
  return uses.sign(wanted.shape, identityClaims(contents));
}

/** A token for one of our own doors would be a key to it. */
function requireForeign(audience: string, { resource }: CredentialAsked, { issuer }: IdentityDependencies): void {
  const origin = URL.canParse(audience) ? new URL(audience).origin : audience;
  const ours = [issuer, resource.resource].map((url) => new URL(url).origin);
  if (ours.includes(origin)) throw new CredentialRefused("credential_unusable");
}
