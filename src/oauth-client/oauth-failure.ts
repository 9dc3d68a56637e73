/**
 * Why another party's answer is of no use to us. Closed, and without a word of what that party said: its texts may hold
 * what it was sent.
 */
export type OAuthFlaw =
  /** Nobody answered, or said that now is not the time. */
  | "unavailable"
  /** An address that we do not contact. */
  | "address"
  | "answer_malformed"
  | "metadata_absent"
  | "metadata_malformed"
  | "issuer_mismatch"
  | "resource_mismatch"
  | "authorization_server_ambiguous"
  | "method_unsupported"
  /** What the token was asked for with is spent, revoked or expired: asking again will not help. */
  | "grant_refused"
  /** We are not known there, or not by this secret. */
  | "client_refused"
  | "request_refused"
  | "scope_refused"
  | "target_refused"
  | "access_denied"
  /** The person has to sign in again, or in another way. */
  | "authentication_insufficient"
  | "token_type"
  | "issued_token_type"
  | "state_mismatch"
  | IdJagFlaw;

export type IdJagFlaw =
  | "id_jag_malformed"
  | "id_jag_type"
  | "id_jag_issuer"
  | "id_jag_audience"
  | "id_jag_client"
  | "id_jag_resource"
  | "id_jag_expired"
  | "id_jag_confirmation";

export class OAuthFailure extends Error {
  override readonly name = "OAuthFailure";
  readonly flaw: OAuthFlaw;
  /**
   * Whether the other side said no, so that what it was sent is as good as before. Otherwise it may have been used:
   * there was no answer, or none that reads.
   */
  readonly isRefusal: boolean;
  constructor(flaw: OAuthFlaw, { isRefusal = false }: { readonly isRefusal?: boolean } = {}) {
    super(flaw);
    this.flaw = flaw;
    this.isRefusal = isRefusal;
  }
}
