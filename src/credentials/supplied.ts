import type { CredentialOfType, UpstreamCredentialType } from "../trust/upstream-credential.ts";
import type { ForwardedServer } from "../trust/protected-resource.ts";

/** Who calls, from an access token of ours whose signature holds, and from nothing else. */
export interface CredentialCaller {
  readonly organization: string;
  readonly issuer: string;
  readonly tenant: string | null;
  readonly subject: string;
  /** The `sub` of our access tokens. */
  readonly principal: string;
  readonly clientId: string;
  readonly tokenId: string;
  readonly actor: string | null;
  readonly emailDomain: string | null;
  readonly groups: readonly string[];
  readonly scope: readonly string[];
  readonly acr: string | null;
  readonly amr: readonly string[] | null;
  readonly authTimeSeconds: number | null;
  /** When the caller's own right ends: nothing that we make about him outlives it. */
  readonly expiresAtSeconds: number;
}

export interface CredentialAsked {
  readonly resource: ForwardedServer;
  readonly resourceRevision: string;
  readonly caller: CredentialCaller;
  readonly correlationId: string;
  /** The upstream has just refused what was supplied before: nothing from a cache is good. */
  readonly isRefused: boolean;
}

/** What the record of a call says of its credential; never the credential. */
export interface CredentialFacts {
  readonly type: UpstreamCredentialType;
  readonly upstreamHost: string;
  /** The key-encryption key of the record that it came from; null where none did. */
  readonly kid: string | null;
}

export interface SuppliedCredential {
  /** In lower case; they win over everything else in the request. */
  readonly headers: ReadonlyMap<string, string>;
  readonly facts: CredentialFacts;
}

/** Supplies credentials of one type. @throws CredentialRefused, Outage */
export type Supplier<Type extends UpstreamCredentialType> = (
  credential: CredentialOfType<Type>,
  asked: CredentialAsked,
) => Promise<SuppliedHeaders>;

export interface SuppliedHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly kid?: string;
}

/** One for each type there is: a new one does not compile until here. */
export type Suppliers = { readonly [Type in UpstreamCredentialType]: Supplier<Type> };
