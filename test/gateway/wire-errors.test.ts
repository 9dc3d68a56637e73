import { describe, expect, it } from "vitest";
import { toGatewayError } from "../../src/gateway/wire-errors.ts";

/** What a client sees of each reason: the specification's status, and a challenge only where a token would help. */
const TABLE = {
  token_missing: [401, "none", 401],
  token_in_query: [400, "invalid_request", 400],
  token_malformed: [401, "invalid_token", 401],
  token_signature: [401, "invalid_token", 401],
  token_issuer: [401, "invalid_token", 401],
  token_audience: [401, "invalid_token", 401],
  token_expired: [401, "invalid_token", 401],
  token_lifetime: [401, "invalid_token", 401],
  token_client: [401, "invalid_token", 401],
  token_subject: [401, "invalid_token", 401],
  token_binding: [401, "invalid_token", 401],
  token_outdated: [401, "invalid_token", 401],
  token_revoked: [401, "invalid_token", 401],
  gateway_proof_invalid: [401, "invalid_dpop_proof", 401],
  gateway_proof_replayed: [401, "invalid_dpop_proof", 401],
  origin_not_allowed: [403, null, 403],
  method_not_allowed: [405, null, 405],
  message_too_large: [413, null, 413],
  message_media_type: [415, null, 415],
  message_malformed: [400, null, -32_600],
  message_header_mismatch: [400, null, -32_020],
  message_meta_missing: [400, null, -32_602],
  operation_unknown: [403, null, 403],
  scope_insufficient: [403, "insufficient_scope", 403],
  call_policy_absent: [403, null, 403],
  call_denied: [403, null, 403],
  call_no_rule: [403, null, 403],
  call_condition_failed: [403, null, 403],
  call_authentication: [401, "insufficient_user_authentication", 401],
  rate_limited: [429, null, 429],
  concurrency_limited: [429, null, 429],
  approval_pending: [200, null, 202],
  approval_denied: [200, null, 403],
  approvals_full: [429, null, 429],
  session_unknown: [404, null, 404],
  gateway_rate_limited: [429, null, 429],
  member_unusable: [502, null, 502],
  protocol_version_unsupported: [400, null, -32_022],
  upstream_unreachable: [502, null, 502],
  upstream_redirect: [502, null, 502],
  upstream_refused: [502, null, 502],
  upstream_scope_insufficient: [403, null, 403],
  upstream_authentication_insufficient: [403, null, 403],
  upstream_media_type: [502, null, 502],
  upstream_list_malformed: [502, null, 502],
  connection_required: [403, null, 403],
  connection_lost: [403, null, 403],
  upstream_refused_us: [502, null, 502],
  credential_absent: [502, null, 502],
  credential_not_for_resource: [502, null, 502],
  credential_unusable: [502, null, 502],
  ledger_unavailable: [503, null, 503],
  tool_not_approved: [403, null, 403],
  tool_changed: [403, null, 403],
  guardrail_blocked: [403, null, 403],
  guardrail_withheld: [403, null, 403],
  guardrail_unavailable: [503, null, 503],
  upstream_answer_malformed: [502, null, 502],
  upstream_tools_unknown: [502, null, 502],
  ledger_overloaded: [503, null, 503],
  audit_backlog: [503, null, 503],
  revocations_unavailable: [503, null, 503],
  revocations_outdated: [503, null, 503],
  revocations_full: [503, null, 503],
  audit_index_unavailable: [503, null, 503],
  audit_archive_unavailable: [503, null, 503],
  keys_unavailable: [503, null, 503],
  client_metadata_unavailable: [503, null, 503],
  trust_unavailable: [503, null, 503],
  accounts_unavailable: [503, null, 503],
  approvals_unavailable: [503, null, 503],
  limits_unavailable: [503, null, 503],
  trust_document_invalid: [503, null, 503],
  signer_unavailable: [503, null, 503],
  vault_unavailable: [503, null, 503],
  vault_keys_unavailable: [503, null, 503],
  vault_record_damaged: [503, null, 503],
  upstream_authorization_server_unavailable: [503, null, 503],
  identity_provider_unavailable: [503, null, 503],
  fault: [500, null, 500],
} as const satisfies Record<Parameters<typeof toGatewayError>[0], readonly [number, string | null, number]>;

const rows = Object.entries(TABLE) as [keyof typeof TABLE, (typeof TABLE)[keyof typeof TABLE]][];

describe("every reason [MCPA-09]", () => {
  it.each(rows)("%s", (reason, [status, challenge, code]) => {
    expect(toGatewayError(reason)).toMatchObject({ status, challenge, code });
  });

  it.each(rows)("%s takes no error code that MCP or JSON-RPC reserves for something else", (reason) => {
    const { code } = toGatewayError(reason);
    const isReserved = code >= -32_768 && code <= -32_000;
    expect(!isReserved || [-32_600, -32_602, -32_020, -32_022].includes(code)).toBe(true);
  });

  it("of a token that is refused looks like every other to its bearer", () => {
    const refused = rows
      .map(([reason]) => toGatewayError(reason))
      .filter(({ challenge }) => challenge === "invalid_token");
    expect(new Set(refused.map((error) => JSON.stringify(error)))).toHaveLength(1);
  });
});
