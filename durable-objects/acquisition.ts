import type { CredentialRefusal, OutageReason } from "../src/audit/reason.ts";
import type { TokenLifetime } from "../src/vault/kept-grant.ts";
import { OAuthFailure, type OAuthFlaw } from "../src/oauth-client/oauth-failure.ts";
import type { CredentialOfType } from "../src/trust/upstream-credential.ts";
import type { VaultOwner } from "./vault-owner.ts";

/** Types of credential for which a token is asked for, by this object. */
export type AcquiredType = "client_credentials" | "token_exchange" | "xaa" | "authorization_code";

export interface TokenAsked {
  readonly owner: VaultOwner;
  /** Our identifier of the MCP server, and the revision of its document. */
  readonly resource: string;
  readonly resourceRevision: string;
  /** Its own URL. */
  readonly upstream: string;
  readonly credential: CredentialOfType<AcquiredType>;
  /** Who vouches for the caller. */
  readonly issuer: string;
  /** A token of ours about the caller, where one is exchanged, and what is said in it: other words are another token. */
  readonly identity: { readonly token: string; readonly says: string } | null;
  /** The upstream has just refused what there was. */
  readonly isRefused: boolean;
}

/** Organization of nobody: for tokens that are the deployment's own. */
export function ownerOfDeploymentTokens(resource: string): VaultOwner {
  return { organization: "", owner: `resource:${resource}` };
}

export interface AcquiredToken extends TokenLifetime {
  readonly token: string;
  /** The key-encryption key of the record that it came from. */
  readonly kid: string | null;
}

export type NotAcquired =
  | { readonly outcome: "refused"; readonly reason: CredentialRefusal }
  | { readonly outcome: "unavailable"; readonly reason: OutageReason };
export type Acquired = ({ readonly outcome: "acquired" } & AcquiredToken) | NotAcquired;

/** Carries an outcome out of whatever depth found it; never leaves the object. */
export class AcquisitionEnded extends Error {
  override readonly name = "AcquisitionEnded";
  readonly ended: NotAcquired;
  /** For the operator: why, in our own words. */
  readonly flaw: OAuthFlaw | null;
  constructor(ended: NotAcquired, flaw: OAuthFlaw | null = null) {
    super(ended.reason);
    this.ended = ended;
    this.flaw = flaw;
  }
}

export function refused(reason: CredentialRefusal, flaw: OAuthFlaw | null = null): AcquisitionEnded {
  return new AcquisitionEnded({ outcome: "refused", reason }, flaw);
}

export function unavailable(reason: OutageReason, flaw: OAuthFlaw | null = null): AcquisitionEnded {
  return new AcquisitionEnded({ outcome: "unavailable", reason }, flaw);
}

/** That nobody answered is an outage; everything else that a server says or is, its administrators have to see to. */
export function endOf({ flaw }: OAuthFailure): AcquisitionEnded {
  return flaw === "unavailable"
    ? unavailable("upstream_authorization_server_unavailable", flaw)
    : refused("upstream_refused_us", flaw);
}

/** Like `work`, with what others did wrong said in our words. @throws AcquisitionEnded */
export async function inOurWords<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof OAuthFailure ? endOf(error) : error;
  }
}
