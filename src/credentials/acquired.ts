import {
  type AcquiredType,
  type Acquired,
  ownerOfDeploymentTokens,
  type TokenAsked,
} from "../../durable-objects/acquisition.ts";
import { Outage } from "../audit/reason.ts";
import type { CredentialOfType } from "../trust/upstream-credential.ts";
import { CredentialRefused } from "./credential-refused.ts";
import type { CredentialAsked, Supplier } from "./supplied.ts";

export interface AcquisitionDependencies {
  /** @throws Outage */
  readonly acquire: (wanted: TokenAsked) => Promise<Acquired>;
  /** A token of ours about the caller, for the authorization server that exchanges it, and what it says of him. */
  readonly identify: (
    asked: CredentialAsked,
    audience: string,
  ) => Promise<{ readonly token: string; readonly says: string }>;
}

/** An access token of the upstream's own authorization server, for us or for the person who calls. */
export function acquiredSupplier<Type extends AcquiredType>(uses: AcquisitionDependencies): Supplier<Type> {
  return async (credential, asked) => {
    const acquired = await uses.acquire({
      owner: ownerOf(credential, asked),
      resource: asked.resource.resource,
      resourceRevision: asked.resourceRevision,
      upstream: asked.resource.upstream,
      credential,
      issuer: asked.caller.issuer,
      identity: await identityFor(credential, asked, uses),
      isRefused: asked.isRefused,
    });
    if (acquired.outcome === "unavailable") throw new Outage(acquired.reason);
    if (acquired.outcome === "refused") throw new CredentialRefused(acquired.reason);
    const headers = { authorization: `Bearer ${acquired.token}` };
    return acquired.kid === null ? { headers } : { headers, kid: acquired.kid };
  };
}

/** From the caller's verified token alone (threats I21); a token of our own is nobody's. */
function ownerOf({ type }: CredentialOfType<AcquiredType>, { caller, resource }: CredentialAsked): TokenAsked["owner"] {
  if (type === "client_credentials") return ownerOfDeploymentTokens(resource.resource);
  return { organization: caller.organization, owner: caller.principal };
}

async function identityFor(
  credential: CredentialOfType<AcquiredType>,
  asked: CredentialAsked,
  { identify }: AcquisitionDependencies,
): Promise<TokenAsked["identity"]> {
  if (credential.type !== "token_exchange" || credential.subject_token !== "identity") return null;
  return identify(asked, credential.authorization_server ?? credential.audience ?? asked.resource.upstream);
}
