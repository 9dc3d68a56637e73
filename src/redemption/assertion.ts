import type { GrantType, Client } from "../trust/client.ts";
import type { Json } from "../jwt/strict-json.ts";
import type { Scope } from "../policy/scope.ts";

/** What an authenticated client puts before us. The assertion is a string and nothing more. */
export interface Presented {
  readonly nowSeconds: number;
  readonly attemptId: string;
  readonly client: Client;
  readonly clientRevision: string;
  readonly grantType: GrantType;
  readonly assertion: string;
  readonly requestedScope: string | null;
  readonly requestedResource: string | null;
  readonly requestedAuthorizationDetails: string | null;
  readonly dpopProof: string | null;
}

/** RFC 8693 §4.1: who acts for the subject. Kept apart from subject and client; it widens nothing. */
export interface Actor {
  readonly sub: string;
  readonly iss: string | null;
  /** As asserted, bounded in depth and size, for the access token. */
  readonly claim: { readonly [member: string]: unknown };
}

/** How the user signed in at the identity provider. Carried on as asserted: redeeming makes nothing fresher. */
export interface AuthenticationEvent {
  readonly authTimeSeconds: number | null;
  readonly acr: string | null;
  readonly amr: readonly string[] | null;
}

/** The claims of an ID-JAG after the signature, each of the type that its specification gives it. */
export interface IdJag {
  readonly issuer: string;
  readonly sub: string;
  readonly assertionAudience: readonly string[];
  readonly clientId: string;
  readonly jti: string;
  readonly expiresAtSeconds: number;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number | null;
  readonly assertedScope: Scope | null;
  readonly assertedResources: readonly string[] | null;
  /** As asserted, for the check that knows which types there are; undefined where the claim is absent. */
  readonly assertedDetails: Json | undefined;
  readonly actor: Actor | null;
  readonly authentication: AuthenticationEvent;
  /** From the claim that the issuer's record names; empty where it names none. */
  readonly groups: ReadonlySet<string>;
  /** Of a verified address at a domain for which the issuer's record says it is authoritative. */
  readonly emailDomain: string | null;
  /** SHA-256 over (issuer, jti): what names this assertion in the audit record. */
  readonly hash: string;
  /** RFC 7638 thumbprint of the key the assertion is bound to. */
  readonly confirmedKey: string | null;
}

/** Whose tokens these are. `sub` alone is no identity: two identity providers may well use the same one. */
export interface Subject {
  readonly issuer: string;
  readonly tenant: string | null;
  readonly sub: string;
  /** In the organization's directory, where the issuer's record demands one. */
  readonly account: string | null;
  /** Ours, derived from the account or from all three; the `sub` of the access token. */
  readonly principal: string;
}
