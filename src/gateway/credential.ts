import type { AccessToken } from "../access-token/verify.ts";
import { CredentialRefused } from "../credentials/credential-refused.ts";
import type { CredentialAsked, CredentialCaller, SuppliedCredential } from "../credentials/supplied.ts";
import type { ForwardedCall } from "./call-record.ts";
import { CallRefused } from "./refusal.ts";

export interface CredentialDependencies {
  /** What to present upstream. @throws CredentialRefused, Outage */
  readonly supplyCredential: (asked: CredentialAsked) => Promise<SuppliedCredential>;
  /** The page of ours where this caller, and nobody else, connects an account at this server. */
  readonly connectUrl: (asked: CredentialAsked) => Promise<string>;
}

/** Once a call: of its credential, or of the one that follows when the upstream refuses the first. @throws CallRefused, Outage */
export async function supplyCredential(
  call: ForwardedCall,
  token: AccessToken,
  { uses, isRefused }: { readonly uses: CredentialDependencies; readonly isRefused: boolean },
): Promise<SuppliedCredential> {
  const { resource, resourceRevision, trace } = call;
  const asked = {
    resource,
    resourceRevision,
    caller: callerOf(token),
    correlationId: trace.correlationId,
    isRefused,
  };
  const supplied = await uses.supplyCredential(asked).catch(async (error: unknown) => {
    if (!(error instanceof CredentialRefused)) throw error;
    const isDisconnected = error.reason === "connection_required" || error.reason === "connection_lost";
    throw new CallRefused(error.reason, { connectUrl: isDisconnected ? await uses.connectUrl(asked) : null });
  });
  call.credential = supplied.facts;
  return supplied;
}

/** @throws CallRefused for a token from which nobody in particular could be told upstream */
function callerOf(token: AccessToken): CredentialCaller {
  const { subject, authentication } = token;
  if (subject.issuer === null || subject.sub === null) throw new CallRefused("token_outdated");
  return {
    organization: token.organization,
    issuer: subject.issuer,
    tenant: subject.tenant,
    subject: subject.sub,
    principal: token.principal,
    clientId: token.clientId,
    tokenId: token.tokenId,
    actor: token.actor,
    emailDomain: token.emailDomain,
    groups: [...token.groups],
    scope: [...token.scope],
    acr: authentication.acr,
    amr: authentication.amr,
    authTimeSeconds: authentication.authTimeSeconds,
    expiresAtSeconds: token.expiresAtSeconds,
  };
}

export function isSameCredential(left: SuppliedCredential, right: SuppliedCredential): boolean {
  const names = new Set([...left.headers.keys(), ...right.headers.keys()]);
  return [...names].every((name) => left.headers.get(name) === right.headers.get(name));
}
