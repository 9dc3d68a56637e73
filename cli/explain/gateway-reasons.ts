import type { GatewayRefusal } from "../../src/audit/reason.ts";
import type { ReasonWords } from "./reasons.ts";

/** What can be wrong with a call of an MCP server. */
export const GATEWAY_REASONS: Record<GatewayRefusal, ReasonWords> = {
  token_missing: ["The call carries no access token.", "Routine for a first call: the answer says where to get one."],
  token_in_query: ["The token is in the URL.", "Let the client send it in the Authorization header alone."],
  token_malformed: [
    "The token is no access token.",
    "Let the client send the access token, not the ID-JAG or an ID token; a provider's own must be of a type in access_tokens.types.",
  ],
  token_signature: [
    "The token is not signed by our keys, or by those of the provider that it names.",
    "Obtain a new one; after a restored backup, check SIGNING_KEYS; for a provider's own, its key_set and algorithms.",
  ],
  token_issuer: [
    "The token is from an issuer whose tokens are not taken here.",
    "Obtain one from this Crossgate; a provider's own is taken where access_tokens of its idp: document and provider_tokens of the server's both say so.",
  ],
  token_audience: ["The token is for another server.", "Obtain one with this server's URL as resource."],
  token_expired: [
    "The token is outside its time: it has expired, or is not good yet.",
    "Let the client redeem a new ID-JAG; one of the provider's own: let it get a new one there, and compare the clocks.",
  ],
  token_lifetime: [
    "The identity provider's own token lives longer than its document allows.",
    "Let the provider issue shorter ones, or raise access_tokens.maximum_lifetime_seconds.",
  ],
  token_client: [
    "The identity provider's own token is of a client that may not use it here.",
    "Name the provider's client in access_tokens.clients of its idp: document, and the server in the resources of our client that it stands for, which must be enabled.",
  ],
  token_subject: [
    "The identity provider's own token is about somebody who has no account here, or about a client and no person.",
    "Let the client sign a person in; where the provider's record is strict, bind the subject with npx crossgate account, or import it.",
  ],
  token_binding: [
    "The token is bound to a key, and the call does not prove that key.",
    "Let the client use the DPoP scheme with a proof by the same key.",
  ],
  token_outdated: [
    "Policy asks about groups or an address that this token does not tell.",
    "Let the client redeem a new ID-JAG; a provider's own token must carry groups_claim and, with email_domains, a verified email.",
  ],
  token_revoked: [
    "The token, or what it rests on, has been revoked.",
    "GET /admin/v1/revocations says what and since when; after a sign-in that ended, let the user sign in anew.",
  ],
  gateway_proof_invalid: [
    "The DPoP proof does not fit this call.",
    "Its htu, htm, iat and ath must be those of this call and token (RFC 9449 §4.3).",
  ],
  gateway_proof_replayed: ["The DPoP proof was used before.", "Let the client make a fresh one for each call."],
  origin_not_allowed: [
    "The call is from a web page whose origin is not allowed.",
    "Add the origin to allowed_origins in the server's document, if that page may call it.",
  ],
  method_not_allowed: ["This HTTP method means nothing here.", "Use POST, and GET or DELETE for sessions."],
  message_too_large: ["The message is too large.", "Send less at once; the README lists the limits."],
  message_media_type: ["The body is not JSON.", "Let the client send application/json."],
  message_malformed: ["The message is not one JSON-RPC message.", "Use an MCP client; batches are not accepted."],
  message_header_mismatch: [
    "A header says something else than the message that it mirrors.",
    "Use an MCP client that sets the headers from the message itself.",
  ],
  message_meta_missing: [
    "By its header the message is of revision 2026-07-28, and its _meta does not say so.",
    "Use an MCP client that states the version in both places.",
  ],
  protocol_version_unsupported: [
    "A virtual server speaks MCP 2026-07-28, and the revisions with sessions since 2025-03-26.",
    "Let the client speak one of these.",
  ],
  operation_unknown: [
    "No scope of this server means that method or tool.",
    "Add it to a scope in the server's document, if callers may use it.",
  ],
  scope_insufficient: [
    "The token's scope does not allow this method or tool.",
    "Obtain a token with a scope that does: the answer named it.",
  ],
  call_policy_absent: ["The caller's organization has no policy any more.", "Write policy/<organization>.json."],
  call_denied: [
    "A deny rule of the organization's policy selects this call.",
    "Narrow or remove that rule, if it is not meant: the record names it.",
  ],
  call_no_rule: [
    "No rule of the organization's policy permits this call.",
    "Add a permit rule, or widen the calls of one: it must grant a scope that means the call at that server.",
  ],
  call_condition_failed: [
    "An expression in the policy fails on this call, so it is denied.",
    "Mend it; ask with has(arguments.x) before you look at an argument that may be absent.",
  ],
  call_authentication: [
    "The user's sign-in is too weak or too old for this call.",
    "The client was told what would do: let the user sign in so, and redeem a new ID-JAG.",
  ],
  tool_not_approved: [
    "Nobody has approved this tool, and its server is one whose tools have to be.",
    "Look at it and approve it: npx crossgate tools approve RESOURCE.",
  ],
  tool_changed: [
    "The tool is defined otherwise now than it was when it was approved, or is no more.",
    "See what changed with npx crossgate tools diff RESOURCE; approve it if that is well.",
  ],
  rate_limited: [
    "A rule counts these calls, and there were too many in its time.",
    "Let the client wait as long as Retry-After says; or raise the rule's rate.",
  ],
  concurrency_limited: [
    "A rule lets so many of these calls run at once, and so many are running.",
    "Let the client wait for an answer before it asks again; or raise the rule's concurrency.",
  ],
  approval_pending: [
    "A rule wants a person's approval for this call, and nobody has decided yet.",
    "Decide with npx crossgate approval show ID; the client calls again with the same arguments.",
  ],
  approval_denied: ["An approver has denied this call.", "Ask who decided: npx crossgate approval show ID."],
  approvals_full: [
    "Too many calls of this person, or of the organization, wait for approval.",
    "Decide about some: npx crossgate approval list ORGANIZATION; or see what the agent keeps asking for.",
  ],
  guardrail_blocked: [
    "A processor of this server lets the call not pass; the record's guardrails say which one, and how much it found.",
    "Send the call without it; or change guardrails in the server's document, if it is wrong.",
  ],
  guardrail_withheld: [
    "The tool was called, and a processor of this server keeps its answer back; the record's guardrails say which one.",
    "Let the tool answer without it; or redact instead of block in the server's document.",
  ],
  guardrail_unavailable: [
    "A processor elsewhere did not answer as it should, or the vault has no secret for it, and it fails closed.",
    'See whether it answers {"decision": "allow"} or "block" with 200 in time; npx crossgate vault has its secret.',
  ],
  session_unknown: ["The session is not one of this caller.", "Let the client initialize again."],
  gateway_rate_limited: [
    "This client sent too many calls.",
    "Slow it down, or raise CLIENT_RATE_LIMIT in wrangler.toml.",
  ],
  member_unusable: [
    "The virtual server takes this tool from one that is not there, is disabled or virtual itself, or has another owner.",
    "Let npx crossgate check say which; enable it, name another, or state the same owner in both documents.",
  ],
  upstream_unreachable: ["The MCP server does not answer.", "Check upstream in the server's document, and the server."],
  connection_required: [
    "The person has not connected an account at the MCP server yet.",
    "Let them open the address that the answer names, and connect it.",
  ],
  connection_lost: [
    "The person's account at the MCP server is not connected any more.",
    "Let them connect it again at the address that the answer names.",
  ],
  upstream_refused_us: [
    "The server that issues tokens for the MCP server refuses ours.",
    "Check client_id, method and secret under upstream_credential with those who run it.",
  ],
  credential_absent: [
    "The vault holds no secret of the name under upstream_credential.",
    "Put it there: npx crossgate vault set NAME; npx crossgate vault list shows the names.",
  ],
  credential_not_for_resource: [
    "The secret under upstream_credential may be used for other servers alone.",
    "Name another, or set this one anew with --resource for this server too.",
  ],
  credential_unusable: [
    "The credential holds what no header may hold, or is too long for one.",
    "Set it anew: printable ASCII, without spaces around it; the README has the limits.",
  ],
  upstream_redirect: ["The MCP server redirects.", "Put the address that it leads to into upstream."],
  upstream_refused: [
    "The MCP server refused the gateway itself.",
    "Let it accept the gateway's calls; it gets no caller's token.",
  ],
  upstream_scope_insufficient: [
    "The MCP server wants a scope that the gateway's token for it does not have.",
    "Widen scope under upstream_credential, if its people should have that; who has connected an account connects again.",
  ],
  upstream_authentication_insufficient: [
    "The MCP server wants a stronger or more recent sign-in than the gateway's token for it rests on.",
    "The person connects the account again and signs in as the server asks.",
  ],
  upstream_media_type: [
    "The MCP server answered neither JSON nor an event stream.",
    "Check upstream: it must be its MCP URL.",
  ],
  upstream_list_malformed: [
    "The MCP server answered a list that cannot be read, or one too long to be filtered.",
    "Let it answer in pages (nextCursor); src/limits.ts says how long one may be.",
  ],
  upstream_answer_malformed: [
    "The server's answer is no JSON-RPC message with each member once, or too large, so its guardrails could not read it.",
    "Mend the server; src/limits.ts says how large an answer may be that is looked through.",
  ],
  upstream_tools_unknown: [
    "The gateway asked the MCP server for its tools, which this call hangs on, and got no list that reads.",
    "See whether it answers tools/list: within ten seconds, in the caller's session, no member of it twice.",
  ],
};
