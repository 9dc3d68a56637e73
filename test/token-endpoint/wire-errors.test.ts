import { describe, expect, it } from "vitest";
import type { OutageReason, Refusal } from "../../src/audit/reason.ts";
import { isTokenEndpointReason, toWireError } from "../../src/token-endpoint/wire-errors.ts";

type TokenReason = Refusal | OutageReason | "fault";

/** What the specifications say, written out: `Record` makes the compiler ask for every reason of the closed unions. */
const EXPECTED: Record<TokenReason, `${number} ${string}`> = {
  method_not_post: "405 invalid_request",
  media_type_not_form: "400 invalid_request",
  body_too_large: "413 invalid_request",
  form_malformed: "400 invalid_request",
  parameter_repeated: "400 invalid_request",
  network_rate_limited: "429 temporarily_unavailable",
  client_credentials_missing: "401 invalid_client",
  client_credentials_malformed: "401 invalid_client",
  client_credentials_several: "400 invalid_request",
  client_unknown: "401 invalid_client",
  client_disabled: "401 invalid_client",
  client_method_not_allowed: "401 invalid_client",
  client_secret_wrong: "401 invalid_client",
  client_metadata_invalid: "401 invalid_client",
  client_assertion_malformed: "401 invalid_client",
  client_assertion_type: "401 invalid_client",
  client_assertion_signature: "401 invalid_client",
  client_assertion_claims: "401 invalid_client",
  client_assertion_audience: "401 invalid_client",
  client_assertion_expired: "401 invalid_client",
  client_assertion_replayed: "401 invalid_client",
  client_rate_limited: "429 temporarily_unavailable",
  grant_type_missing: "400 invalid_request",
  grant_type_unsupported: "400 unsupported_grant_type",
  grant_type_not_allowed: "400 unauthorized_client",
  assertion_missing: "400 invalid_request",
  assertion_malformed: "400 invalid_grant",
  assertion_type: "400 invalid_grant",
  issuer_not_trusted: "400 invalid_grant",
  issuer_disabled: "400 invalid_grant",
  assertion_type_not_accepted: "400 invalid_grant",
  tenant_not_bound: "400 invalid_grant",
  algorithm_not_allowed: "400 invalid_grant",
  key_unknown: "400 invalid_grant",
  key_ambiguous: "400 invalid_grant",
  signature_invalid: "400 invalid_grant",
  claims_malformed: "400 invalid_grant",
  confirmation_unsupported: "400 invalid_grant",
  assertion_audience: "400 invalid_grant",
  assertion_expired: "400 invalid_grant",
  assertion_not_yet_valid: "400 invalid_grant",
  assertion_lifetime: "400 invalid_grant",
  client_mismatch: "400 invalid_grant",
  proof_missing: "400 invalid_grant",
  proof_malformed: "400 invalid_dpop_proof",
  proof_nonce_required: "400 use_dpop_nonce",
  proof_key_mismatch: "400 invalid_grant",
  proof_replayed: "400 invalid_dpop_proof",
  resource_foreign: "400 invalid_grant",
  resource_unknown: "400 invalid_target",
  resource_required: "400 invalid_target",
  resource_not_for_client: "400 invalid_target",
  scope_malformed: "400 invalid_scope",
  scope_empty: "400 invalid_scope",
  authorization_details_malformed: "400 invalid_authorization_details",
  authorization_details_type_unknown: "400 invalid_authorization_details",
  authorization_details_invalid: "400 invalid_authorization_details",
  authorization_details_exceeded: "400 invalid_authorization_details",
  authorization_details_not_permitted: "400 invalid_authorization_details",
  subject_unknown: "400 invalid_grant",
  subject_conflict: "400 invalid_grant",
  subject_identifier_invalid: "400 invalid_grant",
  policy_absent: "400 invalid_grant",
  policy_denied: "400 invalid_grant",
  policy_no_rule: "400 invalid_grant",
  policy_scope: "400 invalid_scope",
  policy_condition_failed: "400 invalid_grant",
  authentication_insufficient: "400 insufficient_user_authentication",
  revoked: "400 invalid_grant",
  assertion_replayed: "400 invalid_grant",
  ledger_unavailable: "503 temporarily_unavailable",
  ledger_overloaded: "503 temporarily_unavailable",
  audit_backlog: "503 temporarily_unavailable",
  revocations_unavailable: "503 temporarily_unavailable",
  revocations_outdated: "503 temporarily_unavailable",
  revocations_full: "503 temporarily_unavailable",
  audit_index_unavailable: "503 temporarily_unavailable",
  audit_archive_unavailable: "503 temporarily_unavailable",
  keys_unavailable: "503 temporarily_unavailable",
  client_metadata_unavailable: "503 temporarily_unavailable",
  trust_unavailable: "503 temporarily_unavailable",
  accounts_unavailable: "503 temporarily_unavailable",
  approvals_unavailable: "503 temporarily_unavailable",
  limits_unavailable: "503 temporarily_unavailable",
  trust_document_invalid: "503 temporarily_unavailable",
  signer_unavailable: "503 temporarily_unavailable",
  vault_unavailable: "503 temporarily_unavailable",
  vault_keys_unavailable: "503 temporarily_unavailable",
  vault_record_damaged: "503 temporarily_unavailable",
  upstream_authorization_server_unavailable: "503 temporarily_unavailable",
  identity_provider_unavailable: "503 temporarily_unavailable",
  fault: "500 server_error",
};

const reasons = Object.keys(EXPECTED) as TokenReason[];

describe("every reason [A7523-03]", () => {
  it.each(reasons)("%s is one OAuth error", (reason) => {
    const { status, error, description } = toWireError(reason);
    expect(`${status} ${error}`).toBe(EXPECTED[reason]);
    expect(description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(description).not.toContain(reason);
    expect(isTokenEndpointReason(reason)).toBe(true);
  });

  // F10, C14: the sentence must not tell two causes of one class apart.
  it("of one error has one sentence", () => {
    const byError = Map.groupBy(reasons.map(toWireError), ({ error }) => error);
    for (const wires of byError.values()) {
      expect(wires).toEqual(wires.map(({ error, status }) => ({ error, status, description: wires[0]?.description })));
    }
    expect(new Set([...byError.values()].map((wires) => wires[0]?.description)).size).toBe(byError.size);
  });

  // Promise 1: an outage is never told as a refusal, nor a refusal as an outage.
  it("is an outage exactly when the client may send the same again", () => {
    const retryable = reasons.filter((reason) => [429, 503].includes(toWireError(reason).status));
    expect(retryable.toSorted()).toEqual(
      [
        "approvals_unavailable",
        "limits_unavailable",
        "client_metadata_unavailable",
        "network_rate_limited",
        "revocations_full",
        "revocations_outdated",
        "revocations_unavailable",
        "client_rate_limited",
        "ledger_unavailable",
        "ledger_overloaded",
        "audit_backlog",
        "audit_index_unavailable",
        "audit_archive_unavailable",
        "keys_unavailable",
        "trust_unavailable",
        "accounts_unavailable",
        "trust_document_invalid",
        "signer_unavailable",
        "vault_unavailable",
        "vault_keys_unavailable",
        "vault_record_damaged",
        "upstream_authorization_server_unavailable",
        "identity_provider_unavailable",
      ].toSorted(),
    );
  });
});

describe("what is no reason of this endpoint", () => {
  it.each(["token_expired", "upstream_unreachable", "toString", "__proto__", "constructor", ""])("%s", (text) => {
    expect(isTokenEndpointReason(text)).toBe(false);
  });
});
