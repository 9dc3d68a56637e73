import type { AdminAuthenticationRefusal, AdminRefusal, OutageReason } from "../audit/reason.ts";
import { type ResponseHeaders, respondJson } from "../http/respond.ts";
import { CORRELATION_HEADER } from "../http/trace.ts";
import { LIMITS } from "../limits.ts";

export type AdminReason = AdminRefusal | OutageReason | "fault";

/** RFC 9457, with our reason for whoever has proved who he is. */
export interface Problem {
  readonly reason: AdminReason;
  readonly correlationId: string;
  readonly path?: string | undefined;
  readonly explanation?: string | undefined;
  readonly allowed?: readonly string[] | undefined;
}

interface Words {
  readonly status: number;
  readonly title: string;
}

const stranger: Words = { status: 401, title: "Authentication required" };
const outage: Words = { status: 503, title: "Try again after the time that Retry-After gives" };

const AUTHENTICATION: Record<AdminAuthenticationRefusal, Words> = {
  admin_credentials_missing: stranger,
  admin_token_malformed: stranger,
  admin_token_claims: stranger,
  admin_token_signature: stranger,
  admin_token_expired: stranger,
  admin_token_replayed: stranger,
  admin_body_mismatch: stranger,
  admin_unknown: stranger,
  admin_disabled: stranger,
};

/** The only place where a reason becomes an answer. Exhaustive: a new reason does not compile until here. */
const WORDS: Record<AdminReason, Words> = {
  ...AUTHENTICATION,
  admin_network_rate_limited: { status: 429, title: "Too many requests" },
  admin_rate_limited: { status: 429, title: "Too many requests" },
  admin_cross_origin: { status: 403, title: "Not from a browser of another origin" },
  admin_route_unknown: { status: 404, title: "There is no such operation" },
  admin_method_not_allowed: { status: 405, title: "The operation has another method" },
  admin_role_insufficient: { status: 403, title: "Your role does not allow this operation" },
  admin_body_too_large: { status: 413, title: "The body is too large" },
  admin_request_malformed: { status: 400, title: "The request does not fit its description" },
  admin_document_unknown: { status: 404, title: "There is no such document" },
  admin_document_invalid: { status: 422, title: "The document does not parse; nothing was written" },
  admin_document_protected: { status: 403, title: "Administrators are not appointed by this API" },
  admin_revision_required: { status: 428, title: "Say in If-Match or If-None-Match what is to be replaced" },
  admin_revision_mismatch: { status: 412, title: "The document is another than the one you mean to replace" },
  admin_account_unknown: { status: 404, title: "There is no such account, or no such subject" },
  admin_account_conflict: { status: 409, title: "Something of an account is another's; nothing was written" },
  admin_approval_unknown: { status: 404, title: "There is no such approval; it may be long over" },
  admin_approval_over: { status: 409, title: "It does not wait for a decision any more" },
  admin_approver_unidentified: { status: 403, title: "Your document does not say which subjects you are" },
  admin_approver_not_named: { status: 403, title: "The rule that holds the call does not name you" },
  admin_approval_own: { status: 403, title: "Nobody decides about a call of his own" },
  admin_secret_unknown: { status: 404, title: "There is no secret of this name" },
  admin_connection_unknown: { status: 404, title: "This person has connected no such account" },
  admin_vault_full: { status: 507, title: "There is no room for more secrets" },
  ledger_unavailable: outage,
  ledger_overloaded: outage,
  audit_backlog: outage,
  revocations_unavailable: outage,
  revocations_outdated: outage,
  revocations_full: { status: 507, title: "There is no room for more revocations" },
  audit_index_unavailable: outage,
  audit_archive_unavailable: outage,
  keys_unavailable: outage,
  client_metadata_unavailable: outage,
  trust_unavailable: outage,
  accounts_unavailable: outage,
  approvals_unavailable: outage,
  limits_unavailable: outage,
  trust_document_invalid: outage,
  signer_unavailable: outage,
  identity_provider_unavailable: outage,
  vault_unavailable: outage,
  vault_keys_unavailable: outage,
  vault_record_damaged: outage,
  upstream_authorization_server_unavailable: outage,
  fault: { status: 500, title: "The request could not be processed" },
};

/**
 * One shape for every stranger, whatever he asked for and however he failed to prove himself. Others are told the reason
 * and where in their request it lies; never a value that they sent.
 */
export function respondProblem(problem: Problem): Response {
  const { reason, correlationId } = problem;
  const { status, title } = WORDS[reason];
  const allowed: ResponseHeaders = status === 405 ? { allow: (problem.allowed ?? []).join(", ") } : {};
  const always = { "content-type": "application/problem+json", [CORRELATION_HEADER]: correlationId };
  const headers = { ...always, ...STATUS_HEADERS[status], ...allowed };
  return respondJson(status, { title, status, ...told(problem, status), correlation_id: correlationId }, headers);
}

const STATUS_HEADERS: Readonly<Partial<Record<number, ResponseHeaders>>> = {
  401: { "www-authenticate": 'Crossgate-Admin realm="admin"' },
  429: { "retry-after": String(LIMITS.rateLimitRetryAfterSeconds) },
  503: { "retry-after": String(LIMITS.retryAfterSeconds) },
};

/** Members that are undefined are left out by JSON. */
function told({ reason, path, explanation }: Problem, status: number): object {
  const isStranger = status === 401 || reason === "admin_network_rate_limited";
  return isStranger ? {} : { reason, detail: explanation, path };
}
