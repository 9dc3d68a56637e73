import type { ClientRefusal, ShedReason } from "../../src/audit/reason.ts";
import type { ReasonWords } from "./reasons.ts";

/** What can be wrong before there is an assertion to look at. */
export const TOKEN_REQUEST_REASONS: Record<ShedReason | ClientRefusal, ReasonWords> = {
  method_not_post: ["The token endpoint was called by something else than POST.", "Let the client POST a form."],
  media_type_not_form: [
    "The body was not a form.",
    "Let the client send application/x-www-form-urlencoded, as OAuth says; not JSON.",
  ],
  body_too_large: ["The form was larger than any token request is.", "Look at what the client puts into it."],
  form_malformed: ["The form could not be read.", "Let the client encode it with its platform's own form encoder."],
  parameter_repeated: [
    "A parameter came twice.",
    "Let the client send each parameter once, resource included: one token is for one server.",
  ],
  network_rate_limited: [
    "Too many requests came from this network.",
    "Slow the client down, or raise NETWORK_RATE_LIMIT in wrangler.toml.",
  ],
  client_credentials_missing: [
    "The client did not authenticate.",
    "Let it authenticate by a method that its document lists under authentication.methods.",
  ],
  client_credentials_malformed: [
    "The client's credentials could not be read.",
    "With client_secret_basic, id and secret are form-encoded, joined by a colon and then base64.",
  ],
  client_credentials_several: [
    "The client authenticated in more than one way at once.",
    "Let it use one: the Authorization header, the form, or a client assertion.",
  ],
  client_unknown: [
    "No client is registered under this id.",
    "Register it with a document in client/, or correct the id that the client sends.",
  ],
  client_disabled: [
    "The client's document says that it is disabled.",
    "Set enabled to true in it, if it may work again.",
  ],
  client_method_not_allowed: [
    "The client authenticated by a method that its document does not list.",
    "Add the method to authentication.methods in its document, or let the client use one that is listed.",
  ],
  client_secret_wrong: [
    "The client's secret is not one whose digest is in its document.",
    "Make a new one (npx crossgate secret), put the digest into the document and the secret into the client.",
  ],
  client_metadata_invalid: [
    "The client's metadata document was fetched from its client_id and is not one that can be used.",
    "Let curl -i show it: 200, JSON of at most 5 kilobytes, its own URL as client_id, private_key_jwt with public keys, no secret.",
  ],
  client_assertion_malformed: ["The client assertion is not a signed JWT.", "Let the client send one (RFC 7523)."],
  client_assertion_type: [
    "The client assertion comes with no client_assertion_type, or another.",
    "Let the client send urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
  ],
  client_assertion_signature: [
    "No key of the client verifies its client assertion.",
    "Compare kid and alg with authentication.key_set and authentication.algorithms in its document.",
  ],
  client_assertion_claims: [
    "A claim of the client assertion is missing or of the wrong type.",
    "It needs iss and sub (both the client's id), aud, jti, iat and exp.",
  ],
  client_assertion_audience: [
    "The client assertion is for somebody else.",
    "Its aud must be our issuer, alone and as a string; not the token endpoint's URL.",
  ],
  client_assertion_expired: [
    "The client assertion is expired, or lives longer than five minutes.",
    "Let the client make a fresh one for each request, and check its clock.",
  ],
  client_assertion_replayed: [
    "The client assertion was used before.",
    "Let the client make a fresh one, with a jti of its own, for each request.",
  ],
  client_rate_limited: [
    "This client sent too many requests.",
    "Slow it down, or raise CLIENT_RATE_LIMIT in wrangler.toml.",
  ],
};
