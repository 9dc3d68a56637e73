import type { GatewayRefusal, OutageReason } from "../audit/reason.ts";

interface GatewayError {
  readonly status: number;
  /** `error` of the WWW-Authenticate challenge (RFC 6750 §3.1); null for a status without one. */
  readonly challenge:
    | "invalid_token"
    | "invalid_request"
    | "insufficient_scope"
    | "insufficient_user_authentication"
    | "invalid_dpop_proof"
    | "none"
    | null;
  /** JSON-RPC error code; outside -32768…-32000 where MCP reserves no code for the case. */
  readonly code: number;
  readonly message: string;
}

const unauthorized = (challenge: GatewayError["challenge"]): GatewayError => ({
  status: 401,
  challenge,
  code: 401,
  message: "Present an access token for this server.",
});
const denied: GatewayError = { status: 403, challenge: null, code: 403, message: "Policy does not permit this." };
const unavailable: GatewayError = { status: 503, challenge: null, code: 503, message: "Try again shortly." };
const malformed: GatewayError = { status: 400, challenge: null, code: -32600, message: "The message is malformed." };
const badGateway: GatewayError = {
  status: 502,
  challenge: null,
  code: 502,
  message: "The MCP server did not answer properly.",
};
const disconnected = (message: string): GatewayError => ({ status: 403, challenge: null, code: 403, message });
/** Nobody outside can mend it, and trying again does not help. */
const withoutCredential: GatewayError = {
  ...badGateway,
  message: "There is no credential for the MCP server; its administrators have to see to it.",
};

/** One sentence a case and no word of the input, the token or the upstream. Exhaustive, as the token endpoint's is. */
const WIRE: Record<GatewayRefusal | OutageReason | "fault", GatewayError> = {
  token_missing: unauthorized("none"),
  token_in_query: {
    status: 400,
    challenge: "invalid_request",
    code: 400,
    message: "Send the token in the Authorization header.",
  },
  token_malformed: unauthorized("invalid_token"),
  token_signature: unauthorized("invalid_token"),
  token_issuer: unauthorized("invalid_token"),
  token_audience: unauthorized("invalid_token"),
  token_expired: unauthorized("invalid_token"),
  token_lifetime: unauthorized("invalid_token"),
  token_client: unauthorized("invalid_token"),
  token_subject: unauthorized("invalid_token"),
  token_binding: unauthorized("invalid_token"),
  token_outdated: unauthorized("invalid_token"),
  token_revoked: unauthorized("invalid_token"),
  gateway_proof_invalid: unauthorized("invalid_dpop_proof"),
  gateway_proof_replayed: unauthorized("invalid_dpop_proof"),
  origin_not_allowed: { status: 403, challenge: null, code: 403, message: "This origin may not call this server." },
  method_not_allowed: { status: 405, challenge: null, code: 405, message: "Use POST, GET or DELETE." },
  message_too_large: { status: 413, challenge: null, code: 413, message: "The message is too large." },
  message_media_type: { status: 415, challenge: null, code: 415, message: "Send application/json." },
  message_malformed: malformed,
  message_header_mismatch: { status: 400, challenge: null, code: -32_020, message: "Headers and body disagree." },
  message_meta_missing: { status: 400, challenge: null, code: -32_602, message: "_meta lacks the protocol version." },
  protocol_version_unsupported: {
    status: 400,
    challenge: null,
    code: -32_022,
    message: "This revision of MCP is not spoken here.",
  },
  operation_unknown: { status: 403, challenge: null, code: 403, message: "This operation is not offered here." },
  scope_insufficient: {
    status: 403,
    challenge: "insufficient_scope",
    code: 403,
    message: "The token lacks a scope for this.",
  },
  call_policy_absent: denied,
  call_denied: denied,
  call_no_rule: denied,
  call_condition_failed: denied,
  call_authentication: {
    status: 401,
    challenge: "insufficient_user_authentication",
    code: 401,
    message: "A stronger or more recent sign-in is needed for this.",
  },
  tool_not_approved: {
    status: 403,
    challenge: null,
    code: 403,
    message: "Nobody has approved this tool yet.",
  },
  tool_changed: {
    status: 403,
    challenge: null,
    code: 403,
    message: "This tool has changed since it was approved.",
  },
  rate_limited: { status: 429, challenge: null, code: 429, message: "Too many calls in this time." },
  concurrency_limited: { status: 429, challenge: null, code: 429, message: "Too many calls at the same time." },
  // Answers of the tool, as far as HTTP goes: held-answer.ts.
  approval_pending: { status: 200, challenge: null, code: 202, message: "Held for approval." },
  approval_denied: { status: 200, challenge: null, code: 403, message: "An approver has denied this call." },
  approvals_full: { status: 429, challenge: null, code: 429, message: "Too many calls wait for approval." },
  guardrail_blocked: { status: 403, challenge: null, code: 403, message: "A guardrail of this server refuses this." },
  guardrail_withheld: {
    status: 403,
    challenge: null,
    code: 403,
    message: "A guardrail of this server withholds the answer.",
  },
  guardrail_unavailable: unavailable,
  // 404 is what tells a client of the era of sessions to start a new one.
  session_unknown: { status: 404, challenge: null, code: 404, message: "Unknown session; initialize again." },
  gateway_rate_limited: { status: 429, challenge: null, code: 429, message: "Too many requests." },
  member_unusable: {
    ...badGateway,
    message: "The server that has this tool is not in service here; its administrators have to see to it.",
  },
  upstream_unreachable: badGateway,
  upstream_redirect: badGateway,
  upstream_refused: {
    ...badGateway,
    message: "The MCP server refuses this gateway; its administrators have to see to it.",
  },
  // 403 and no challenge: a client that took it for ours would authorize here again, to no avail.
  upstream_scope_insufficient: {
    ...denied,
    message: "The gateway's access to the MCP server does not cover this; its administrators have to see to it.",
  },
  upstream_authentication_insufficient: disconnected(
    "The MCP server wants a stronger or more recent sign-in: connect your account at the MCP server again.",
  ),
  upstream_media_type: badGateway,
  upstream_list_malformed: badGateway,
  upstream_tools_unknown: badGateway,
  upstream_answer_malformed: badGateway,
  connection_required: disconnected("Connect your account at the MCP server first."),
  connection_lost: disconnected("Connect your account at the MCP server again."),
  upstream_refused_us: withoutCredential,
  credential_absent: withoutCredential,
  credential_not_for_resource: withoutCredential,
  credential_unusable: withoutCredential,
  ledger_unavailable: unavailable,
  ledger_overloaded: unavailable,
  audit_backlog: unavailable,
  revocations_unavailable: unavailable,
  revocations_outdated: unavailable,
  revocations_full: unavailable,
  audit_index_unavailable: unavailable,
  audit_archive_unavailable: unavailable,
  keys_unavailable: unavailable,
  client_metadata_unavailable: unavailable,
  trust_unavailable: unavailable,
  accounts_unavailable: unavailable,
  approvals_unavailable: unavailable,
  limits_unavailable: unavailable,
  trust_document_invalid: unavailable,
  signer_unavailable: unavailable,
  identity_provider_unavailable: unavailable,
  vault_unavailable: unavailable,
  vault_keys_unavailable: unavailable,
  vault_record_damaged: unavailable,
  upstream_authorization_server_unavailable: unavailable,
  fault: { status: 500, challenge: null, code: 500, message: "The request could not be processed." },
};

export function toGatewayError(reason: keyof typeof WIRE): GatewayError {
  return WIRE[reason];
}
