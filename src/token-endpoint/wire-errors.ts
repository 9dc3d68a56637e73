import type { OutageReason, Refusal } from "../audit/reason.ts";

/** RFC 6749 §5.2 and its extensions: all that a client is ever told. */
export type OAuthError =
  | "invalid_request"
  | "invalid_client"
  | "invalid_grant"
  | "unauthorized_client"
  | "unsupported_grant_type"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_authorization_details"
  | "invalid_dpop_proof"
  | "use_dpop_nonce"
  | "insufficient_user_authentication"
  | "temporarily_unavailable"
  | "server_error";

/** One sentence a class, whatever the reason: two causes in one class must not be told apart from outside. */
const DESCRIPTIONS: Record<OAuthError, string> = {
  invalid_request: "The request is malformed, repeats a parameter, or lacks one.",
  invalid_client: "Client authentication failed.",
  invalid_grant: "The assertion was not accepted. Obtain a new one from the identity provider.",
  unauthorized_client: "This client may not use this grant type.",
  unsupported_grant_type: "Use urn:ietf:params:oauth:grant-type:jwt-bearer.",
  invalid_scope: "No requested scope can be granted.",
  invalid_target: "The resource is missing, ambiguous or not available to this client.",
  invalid_authorization_details: "These authorization_details cannot be granted.",
  invalid_dpop_proof: "The DPoP proof is missing, malformed, stale or used.",
  insufficient_user_authentication: "Sign the user in again as acr_values and max_age say, and obtain a new assertion.",
  use_dpop_nonce: "Repeat the request with the nonce in the DPoP-Nonce header.",
  temporarily_unavailable: "Try again after the time that Retry-After gives.",
  server_error: "The request could not be processed.",
};

interface WireError {
  readonly status: number;
  readonly error: OAuthError;
}

const request400: WireError = { status: 400, error: "invalid_request" };
const client401: WireError = { status: 401, error: "invalid_client" };
const grant400: WireError = { status: 400, error: "invalid_grant" };
const target400: WireError = { status: 400, error: "invalid_target" };
const scope400: WireError = { status: 400, error: "invalid_scope" };
const details400: WireError = { status: 400, error: "invalid_authorization_details" };
const rate429: WireError = { status: 429, error: "temporarily_unavailable" };
const outage503: WireError = { status: 503, error: "temporarily_unavailable" };

/** The only place where a reason becomes something a client sees. Exhaustive: a new reason does not compile until here. */
const WIRE: Record<Refusal | OutageReason | "fault", WireError> = {
  method_not_post: { status: 405, error: "invalid_request" },
  media_type_not_form: request400,
  body_too_large: { status: 413, error: "invalid_request" },
  form_malformed: request400,
  parameter_repeated: request400,
  network_rate_limited: rate429,
  client_credentials_missing: client401,
  client_credentials_malformed: client401,
  client_credentials_several: request400,
  client_unknown: client401,
  client_disabled: client401,
  client_method_not_allowed: client401,
  client_secret_wrong: client401,
  client_metadata_invalid: client401,
  client_assertion_malformed: client401,
  client_assertion_type: client401,
  client_assertion_signature: client401,
  client_assertion_claims: client401,
  client_assertion_audience: client401,
  client_assertion_expired: client401,
  client_assertion_replayed: client401,
  client_rate_limited: rate429,
  grant_type_missing: request400,
  grant_type_unsupported: { status: 400, error: "unsupported_grant_type" },
  grant_type_not_allowed: { status: 400, error: "unauthorized_client" },
  assertion_missing: request400,
  assertion_malformed: grant400,
  assertion_type: grant400,
  issuer_not_trusted: grant400,
  issuer_disabled: grant400,
  assertion_type_not_accepted: grant400,
  tenant_not_bound: grant400,
  algorithm_not_allowed: grant400,
  key_unknown: grant400,
  key_ambiguous: grant400,
  signature_invalid: grant400,
  claims_malformed: grant400,
  confirmation_unsupported: grant400,
  assertion_audience: grant400,
  assertion_expired: grant400,
  assertion_not_yet_valid: grant400,
  assertion_lifetime: grant400,
  client_mismatch: grant400,
  proof_missing: grant400,
  proof_malformed: { status: 400, error: "invalid_dpop_proof" },
  proof_nonce_required: { status: 400, error: "use_dpop_nonce" },
  proof_key_mismatch: grant400,
  proof_replayed: { status: 400, error: "invalid_dpop_proof" },
  resource_foreign: grant400,
  resource_unknown: target400,
  resource_required: target400,
  resource_not_for_client: target400,
  scope_malformed: scope400,
  scope_empty: scope400,
  authorization_details_malformed: details400,
  authorization_details_type_unknown: details400,
  authorization_details_invalid: details400,
  authorization_details_exceeded: details400,
  authorization_details_not_permitted: details400,
  subject_unknown: grant400,
  subject_conflict: grant400,
  subject_identifier_invalid: grant400,
  policy_absent: grant400,
  policy_denied: grant400,
  policy_no_rule: grant400,
  policy_scope: scope400,
  policy_condition_failed: grant400,
  authentication_insufficient: { status: 400, error: "insufficient_user_authentication" },
  revoked: grant400,
  assertion_replayed: grant400,
  ledger_unavailable: outage503,
  ledger_overloaded: outage503,
  audit_backlog: outage503,
  revocations_unavailable: outage503,
  revocations_outdated: outage503,
  revocations_full: outage503,
  audit_index_unavailable: outage503,
  audit_archive_unavailable: outage503,
  keys_unavailable: outage503,
  client_metadata_unavailable: outage503,
  trust_unavailable: outage503,
  accounts_unavailable: outage503,
  approvals_unavailable: outage503,
  limits_unavailable: outage503,
  trust_document_invalid: outage503,
  signer_unavailable: outage503,
  identity_provider_unavailable: outage503,
  vault_unavailable: outage503,
  vault_keys_unavailable: outage503,
  vault_record_damaged: outage503,
  upstream_authorization_server_unavailable: outage503,
  fault: { status: 500, error: "server_error" },
};

export function toWireError(reason: keyof typeof WIRE): WireError & { readonly description: string } {
  const wire = WIRE[reason];
  return { ...wire, description: DESCRIPTIONS[wire.error] };
}

export function isTokenEndpointReason(reason: string): reason is keyof typeof WIRE {
  return Object.hasOwn(WIRE, reason);
}
