import type { RedemptionRefusal } from "../../src/audit/reason.ts";
import type { ReasonWords } from "./reasons.ts";

/** What can be wrong with an assertion, or with what is asked for it. */
export const REDEMPTION_REASONS: Record<RedemptionRefusal, ReasonWords> = {
  grant_type_missing: ["The request names no grant type.", "Send urn:ietf:params:oauth:grant-type:jwt-bearer."],
  grant_type_unsupported: [
    "This grant type is not one that Crossgate knows.",
    "Send urn:ietf:params:oauth:grant-type:jwt-bearer.",
  ],
  grant_type_not_allowed: [
    "The client may not use this grant type.",
    "Add it to grant_types in the client's document, or leave grant_types out.",
  ],
  assertion_missing: ["The request carries no assertion.", "Let the client send the ID-JAG as assertion."],
  assertion_malformed: [
    "The assertion is not a JWT that can be read in one way only.",
    "Send the ID-JAG as the provider made it: three parts, no member twice, no key in its header.",
  ],
  assertion_type: [
    "The assertion is a JWT of another kind, such as an ID token.",
    'Ask the provider for an ID-JAG (requested_token_type …:id-jag); its typ is "oauth-id-jag+jwt".',
  ],
  issuer_not_trusted: [
    "No document trusts this issuer.",
    "Copy iss byte for byte into a document in idp/ (a slash more is another issuer): npx crossgate idp add.",
  ],
  issuer_disabled: [
    "The issuer's document says that it is disabled.",
    "Set enabled to true in it, if it is trusted again.",
  ],
  assertion_type_not_accepted: [
    "The issuer is trusted, and not with this kind of assertion.",
    'Name it in assertion_types in the issuer\'s document: "id-jag".',
  ],
  tenant_not_bound: [
    "The assertion's tenant, or its aud_tenant, is not bound to an organization here.",
    "Add the tenant to tenants in the issuer's document; aud_tenant must be the organization itself.",
  ],
  algorithm_not_allowed: [
    "The assertion is signed by an algorithm that the issuer's document does not list.",
    "Add it to algorithms in the issuer's document, if the provider means to sign so.",
  ],
  key_unknown: [
    "The issuer's key set has no key that fits the assertion's kid and alg.",
    "After a rotation it heals within 30 s; otherwise correct key_set in the issuer's document.",
  ],
  key_ambiguous: [
    "More than one key of the issuer fits the assertion.",
    "Let the provider give each key a kid of its own and name it in the header.",
  ],
  signature_invalid: [
    "The signature is not by the issuer's key.",
    "Check that the assertion was not altered on its way, and that key_set is that of the same environment.",
  ],
  claims_malformed: [
    "A claim is missing or of the wrong type.",
    "An ID-JAG needs iss, sub, aud, client_id, jti, iat and exp, each of its own type; see the provider's claim mapping.",
  ],
  confirmation_unsupported: [
    "The assertion is bound to a key in a way that cannot be checked here.",
    "Let the provider put jkt or jwk into cnf, and nothing else.",
  ],
  assertion_audience: [
    "The assertion is for somebody else.",
    "Correct the registration at the provider: aud must be our issuer, alone and byte for byte.",
  ],
  assertion_expired: [
    "The assertion had expired.",
    "Let the client redeem it at once and obtain a new one each time; check the clocks if it is fresh.",
  ],
  assertion_not_yet_valid: [
    "The assertion is from the future.",
    "Set the provider's clock; clock_tolerance_seconds in the issuer's document allows up to 60 s.",
  ],
  assertion_lifetime: [
    "The assertion lives longer than its issuer's document allows.",
    "Let the provider make it shorter, or raise maximum_lifetime_seconds (600 at most).",
  ],
  client_mismatch: [
    "The assertion was issued to another client.",
    "Its client_id must be the client's id here, not the one that it has at the provider: correct it there.",
  ],
  proof_missing: [
    "A DPoP proof is demanded and none was sent.",
    "Let the client send one; dpop_required stands in the client, the server or the rule, or the assertion has cnf.",
  ],
  proof_malformed: [
    "The DPoP proof does not hold.",
    "Its htm, htu, iat and signature must fit this very request (RFC 9449 §4.3); check the client's clock.",
  ],
  proof_nonce_required: [
    "The DPoP proof carries no nonce of ours, or an old one.",
    "This is routine: the client repeats the request with the nonce in the DPoP-Nonce header.",
  ],
  proof_key_mismatch: [
    "The DPoP proof is by another key than the one the assertion is bound to.",
    "Let the client use one key towards the provider and towards us.",
  ],
  proof_replayed: ["The DPoP proof was used before.", "Let the client make a fresh one for each request."],
  resource_foreign: [
    "The assertion names a server that is not ours, or is disabled.",
    "Describe it in resource/ under exactly that URL, or let the provider name ours alone.",
  ],
  resource_unknown: [
    "The server asked for is not ours, is disabled, or is not the one in the assertion.",
    "Ask for the URL of a document in resource/, byte for byte, that the assertion names too.",
  ],
  resource_required: [
    "No server is named, and several are possible, or none.",
    "Let the client send resource; or let the policy's rules name one server for this client.",
  ],
  resource_not_for_client: [
    "The client is not registered for this server.",
    "Add the server's URL to resources in the client's document.",
  ],
  scope_malformed: ["The scope asked for is not a list of scope tokens.", "Let the client separate them by one space."],
  scope_empty: [
    "Nothing is left of what was asked for, asserted, and registered for the client and the server.",
    'Compare the four; an assertion without scope grants nothing unless its issuer says "scope_absent": "policy_decides".',
  ],
  authorization_details_malformed: [
    "The authorization_details are not a list of 1 to 16 objects, each with a type, or are too large.",
    "Send a JSON array of objects, no member twice; leave the parameter or the claim out where there are none.",
  ],
  authorization_details_type_unknown: [
    "A type of authorization_details is not one that the server registers.",
    "Describe it under authorization_details_types in the server's document, or leave it out.",
  ],
  authorization_details_invalid: [
    "An element of authorization_details does not fit its type's schema, or its locations name another server.",
    "Compare it with the schema in the server's document; locations may hold the server's own URL alone.",
  ],
  authorization_details_exceeded: [
    "The client asks for authorization_details that the assertion does not cover.",
    "Ask for elements that are asserted, each once; only members that the type lists as narrowable may be less.",
  ],
  authorization_details_not_permitted: [
    "The rules that apply grant none of the authorization_details asked for.",
    "Name the type in authorization_details_types of a permit rule that applies.",
  ],
  subject_unknown: [
    "The subject has no account in its organization's directory, and its issuer's document demands one.",
    "Add the account by the admin API (POST /admin/v1/accounts/<organization>), or name in subject_resolution.by what is asserted.",
  ],
  subject_conflict: [
    "What the assertion says of its subject names two accounts, or one that another subject of this issuer has.",
    "Look at GET /admin/v1/accounts/<organization>/<account>; if it has changed hands at the provider, unbind the old subject.",
  ],
  subject_identifier_invalid: [
    "The claim aud_sub or sub_id is malformed, missing where it is demanded, or of a SAML issuer that is not this provider's.",
    "Correct the provider's claim mapping; sub_id.issuer must be saml_issuer in the issuer's document, byte for byte.",
  ],
  policy_absent: ["The user's organization has no policy.", "Write policy/<organization>.json."],
  policy_denied: [
    "A deny rule of the organization's policy selects this.",
    "Narrow or remove that rule, if it is not meant.",
  ],
  policy_no_rule: [
    "No rule of the organization's policy permits this.",
    "Add a permit rule, or widen one; crossgate explain --claims says which came closest.",
  ],
  policy_scope: [
    "The rules that apply grant none of the scopes that were left.",
    "Add a scope to such a rule, or let the client ask for one that it grants.",
  ],
  policy_condition_failed: [
    "An expression in the policy fails on this request, so everything is denied.",
    "Mend the expression in condition; test it with crossgate explain --claims.",
  ],
  authentication_insufficient: [
    "The user's sign-in is too weak or too old for the rule.",
    "The client was told what would do: let the user sign in so, and obtain a new ID-JAG.",
  ],
  revoked: [
    "The user, the client or something else that the assertion rests on has been revoked, or the sign-in was ended.",
    "GET /admin/v1/revocations says what and since when; after a sign-in that ended, let the user sign in anew.",
  ],
  assertion_replayed: [
    "The assertion was redeemed before.",
    "Obtain a new ID-JAG for each token, after a lost response too; clients must not keep them.",
  ],
};
