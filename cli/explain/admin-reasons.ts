import type { AdminRefusal } from "../../src/audit/reason.ts";
import type { ReasonWords } from "./reasons.ts";

const AGAIN = "Run the command again; it signs every request anew.";

/** Why the admin API refuses. */
export const ADMIN_REASONS: Record<AdminRefusal, ReasonWords> = {
  admin_credentials_missing: ["Nobody proved who he is.", "Sign the request with an admin key: --key FILE."],
  admin_token_malformed: ["The signed request is not a JWT of type crossgate-admin+jwt.", AGAIN],
  admin_token_claims: [
    "The signed request was made for another method, URL or deployment.",
    "Give --url exactly as the deployment's ISSUER; a proxy in front must not rewrite paths.",
  ],
  admin_token_signature: [
    "No key in the administrator's document verifies the signature.",
    "Use the key whose public half is in the admin: document, or write that one anew.",
  ],
  admin_token_expired: [
    "The signed request is past its minute.",
    "Set this machine's clock, and run the command again.",
  ],
  admin_token_replayed: ["The signed request came twice.", AGAIN],
  admin_body_mismatch: ["The body is not the one that was signed.", "See what changes bodies on the way."],
  admin_unknown: ["There is no such administrator.", "Write an admin: document for the name, and see that it parses."],
  admin_disabled: [
    "The administrator's document says that it is disabled.",
    "Set enabled to true in it, if this one may administer again.",
  ],
  admin_network_rate_limited: [
    "Too many requests came from this network.",
    "Wait, or raise NETWORK_RATE_LIMIT in wrangler.toml.",
  ],
  admin_rate_limited: [
    "Too many requests came from this administrator.",
    "Wait, or raise CLIENT_RATE_LIMIT in wrangler.toml.",
  ],
  admin_cross_origin: [
    "A browser sent the request from a page.",
    "Call the admin API from a program; pages of other origins may not use somebody's sign-in.",
  ],
  admin_route_unknown: ["There is no such operation.", "See /admin/v1/openapi.json for those there are."],
  admin_method_not_allowed: ["The operation has another method.", "See /admin/v1/openapi.json."],
  admin_role_insufficient: [
    "The administrator's role does not allow this operation.",
    "Let somebody do it who may, or change role in the administrator's document.",
  ],
  admin_body_too_large: ["The body is larger than any document may be.", "Split the document."],
  admin_request_malformed: [
    "The request does not fit the description of the operation.",
    "The answer names the path; compare with /admin/v1/openapi.json.",
  ],
  admin_document_unknown: ["There is no such document.", "See npx crossgate status for those there are."],
  admin_document_invalid: [
    "The document does not parse, so it was not written.",
    "The answer names path and reason; npx crossgate check says how to mend it.",
  ],
  admin_document_protected: [
    "An admin: document was to be written through the admin API.",
    "Administrators are appointed by whoever may write KV: npx crossgate apply --remote, or npx wrangler kv key put.",
  ],
  admin_revision_required: [
    "The request did not say which revision it means to replace.",
    "Send If-Match with the ETag of the document, or If-None-Match: * to create one.",
  ],
  admin_secret_unknown: [
    "There is no secret of this name in the vault.",
    "See those there are: npx crossgate vault list.",
  ],
  admin_connection_unknown: [
    "This person has connected nothing of this kind to it, or it has been ended already.",
    "See what there is: npx crossgate connect status.",
  ],
  admin_vault_full: [
    "The vault holds as many named secrets as it may.",
    "Delete those that no document names any more; the README has the limits.",
  ],
  admin_account_unknown: [
    "There is no such account in this organization, or no such subject is bound.",
    "See those there are: npx crossgate account list ORGANIZATION; ids are compared byte for byte.",
  ],
  admin_account_conflict: [
    "An account names an id, an address, a SAML name or a subject that another account has.",
    "Take it from the other account first; to change an account that is there, say --replace.",
  ],
  admin_approval_unknown: [
    "There is no such approval, or it ended some time ago.",
    "See those that wait: npx crossgate approval list ORGANIZATION.",
  ],
  admin_approval_over: [
    "It was decided, was used or has expired.",
    "npx crossgate approval show ID says which; a call that still needs one asks again.",
  ],
  admin_approver_unidentified: [
    "Your admin: document names no subjects, so that you might be the one who asks.",
    "List in it, under subjects, who you are at each identity provider.",
  ],
  admin_approver_not_named: [
    "A rule that holds the call does not name you among its approvers.",
    "See the rule in the policy; its approvers are names, groups and subjects of admin: documents.",
  ],
  admin_approval_own: ["You asked for this call yourself.", "Somebody else has to decide."],
  admin_revision_mismatch: [
    "Somebody else has changed the document meanwhile.",
    "Read it again, see what changed, and apply again.",
  ],
};
