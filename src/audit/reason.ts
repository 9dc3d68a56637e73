/**
 * Every reason for which something is refused, and every dependency whose absence we admit to. Closed: the wire tables
 * (`token-endpoint/wire-errors.ts`, `gateway/wire-errors.ts`) must name each, or the project does not compile.
 */
export type ShedReason =
  | "method_not_post"
  | "media_type_not_form"
  | "body_too_large"
  | "form_malformed"
  | "parameter_repeated"
  | "network_rate_limited";

export type ClientRefusal =
  | "client_credentials_missing"
  | "client_credentials_malformed"
  | "client_credentials_several"
  | "client_unknown"
  | "client_disabled"
  | "client_method_not_allowed"
  | "client_secret_wrong"
  | "client_metadata_invalid"
  | "client_assertion_malformed"
  | "client_assertion_type"
  | "client_assertion_signature"
  | "client_assertion_claims"
  | "client_assertion_audience"
  | "client_assertion_expired"
  | "client_assertion_replayed"
  | "client_rate_limited";

export type RedemptionRefusal =
  | "grant_type_missing"
  | "grant_type_unsupported"
  | "grant_type_not_allowed"
  | "assertion_missing"
  | "assertion_malformed"
  | "assertion_type"
  | "issuer_not_trusted"
  | "issuer_disabled"
  | "assertion_type_not_accepted"
  | "tenant_not_bound"
  | "algorithm_not_allowed"
  | "key_unknown"
  | "key_ambiguous"
  | "signature_invalid"
  | "claims_malformed"
  | "confirmation_unsupported"
  | "assertion_audience"
  | "assertion_expired"
  | "assertion_not_yet_valid"
  | "assertion_lifetime"
  | "client_mismatch"
  | "proof_missing"
  | "proof_malformed"
  | "proof_nonce_required"
  | "proof_key_mismatch"
  | "proof_replayed"
  | "resource_foreign"
  | "resource_unknown"
  | "resource_required"
  | "resource_not_for_client"
  | "scope_malformed"
  | "scope_empty"
  | "authorization_details_malformed"
  | "authorization_details_type_unknown"
  | "authorization_details_invalid"
  | "authorization_details_exceeded"
  | "authorization_details_not_permitted"
  | "subject_unknown"
  | "subject_conflict"
  | "subject_identifier_invalid"
  | "policy_absent"
  | "policy_denied"
  | "policy_no_rule"
  | "policy_scope"
  | "policy_condition_failed"
  | "authentication_insufficient"
  | "revoked"
  | "assertion_replayed";

/** Why there is no credential for the upstream; the caller has proved everything that he had to. */
export type CredentialRefusal =
  | "connection_required"
  | "connection_lost"
  | "upstream_refused_us"
  | "credential_absent"
  | "credential_not_for_resource"
  | "credential_unusable";

export type GatewayRefusal =
  | CredentialRefusal
  | "token_missing"
  | "token_in_query"
  | "token_malformed"
  | "token_signature"
  | "token_issuer"
  | "token_audience"
  | "token_expired"
  | "token_lifetime"
  | "token_client"
  | "token_subject"
  | "token_binding"
  | "token_outdated"
  | "token_revoked"
  | "gateway_proof_invalid"
  | "gateway_proof_replayed"
  | "origin_not_allowed"
  | "method_not_allowed"
  | "message_too_large"
  | "message_media_type"
  | "message_malformed"
  | "message_header_mismatch"
  | "message_meta_missing"
  | "protocol_version_unsupported"
  | "operation_unknown"
  | "scope_insufficient"
  | "call_policy_absent"
  | "call_denied"
  | "call_no_rule"
  | "call_condition_failed"
  | "call_authentication"
  | "member_unusable"
  | "tool_not_approved"
  | "tool_changed"
  | "rate_limited"
  | "concurrency_limited"
  | "approval_pending"
  | "approval_denied"
  | "approvals_full"
  | "guardrail_blocked"
  | "guardrail_withheld"
  | "guardrail_unavailable"
  | "session_unknown"
  | "gateway_rate_limited"
  | "upstream_unreachable"
  | "upstream_redirect"
  | "upstream_refused"
  | "upstream_scope_insufficient"
  | "upstream_authentication_insufficient"
  | "upstream_media_type"
  | "upstream_list_malformed"
  | "upstream_tools_unknown"
  | "upstream_answer_malformed";

/** Of a person who connects an account of theirs, at /connect. */
export type ConnectRefusal =
  | "connect_rate_limited"
  | "connect_link_invalid"
  | "connect_link_expired"
  | "connect_nothing_to_connect"
  | "connect_sign_in_not_configured"
  | "connect_browser_unknown"
  | "connect_too_late"
  | "connect_document_changed"
  | "connect_state_mismatch"
  | "connect_state_replayed"
  | "connect_issuer_mismatch"
  | "connect_sign_in_refused"
  | "connect_id_token_invalid"
  | "connect_person_unknown"
  | "connect_person_mismatch"
  | "connect_revoked"
  | "connect_form_foreign"
  | "connect_declined"
  | "connect_authorization_refused"
  | "connect_grant_refused"
  | "connect_authorization_server_unfit"
  | "connect_client_unproved"
  | "connect_full";

/** Who has not proved who he is; to the outside they are all one. */
export type AdminAuthenticationRefusal =
  | "admin_credentials_missing"
  | "admin_token_malformed"
  | "admin_token_claims"
  | "admin_token_signature"
  | "admin_token_expired"
  | "admin_token_replayed"
  | "admin_body_mismatch"
  | "admin_unknown"
  | "admin_disabled";

export type AdminRefusal =
  | AdminAuthenticationRefusal
  | "admin_network_rate_limited"
  | "admin_rate_limited"
  | "admin_cross_origin"
  | "admin_route_unknown"
  | "admin_method_not_allowed"
  | "admin_role_insufficient"
  | "admin_body_too_large"
  | "admin_request_malformed"
  | "admin_document_unknown"
  | "admin_document_invalid"
  | "admin_document_protected"
  | "admin_revision_required"
  | "admin_revision_mismatch"
  | "admin_secret_unknown"
  | "admin_connection_unknown"
  | "admin_vault_full"
  | "admin_account_unknown"
  | "admin_account_conflict"
  | "admin_approval_unknown"
  | "admin_approval_over"
  | "admin_approver_unidentified"
  | "admin_approver_not_named"
  | "admin_approval_own";

export type OutageReason =
  | "ledger_unavailable"
  | "ledger_overloaded"
  | "audit_backlog"
  | "revocations_unavailable"
  | "revocations_outdated"
  | "revocations_full"
  | "audit_index_unavailable"
  | "audit_archive_unavailable"
  | "keys_unavailable"
  | "client_metadata_unavailable"
  | "trust_unavailable"
  | "accounts_unavailable"
  | "approvals_unavailable"
  | "limits_unavailable"
  | "trust_document_invalid"
  | "signer_unavailable"
  | "vault_unavailable"
  | "vault_keys_unavailable"
  | "vault_record_damaged"
  | "upstream_authorization_server_unavailable"
  | "identity_provider_unavailable";

/** Of a token that is good, to a resource server that it is not for: told as any other is, and recorded. */
export type IntrospectionRefusal = "introspection_not_allowed";

export type Refusal = ShedReason | ClientRefusal | RedemptionRefusal;
export type Reason =
  | Refusal
  | GatewayRefusal
  | ConnectRefusal
  | AdminRefusal
  | IntrospectionRefusal
  | OutageReason
  | "fault";

/** Something we depend on did not answer. Never a refusal: the caller may try the same thing again. */
export class Outage extends Error {
  override readonly name = "Outage";
  readonly reason: OutageReason;
  constructor(reason: OutageReason, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}
