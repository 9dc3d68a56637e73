import type { ConnectRefusal } from "../../src/audit/reason.ts";
import type { ReasonWords } from "./reasons.ts";

const AGAIN = "Routine: the person calls again and opens the new address.";

/** What can go wrong while a person connects an account at /connect. */
export const CONNECT_REASONS: Record<ConnectRefusal, ReasonWords> = {
  connect_rate_limited: ["One network asked for the pages too often.", "Routine: it goes on after some seconds."],
  connect_link_invalid: ["The address is not one that this Crossgate made.", AGAIN],
  connect_link_expired: ["The address is older than ten minutes.", AGAIN],
  connect_nothing_to_connect: [
    "The server's document does not, or no longer, ask for an account of the person's.",
    "Its upstream_credential must be authorization_code, xaa of the person's own provider, or token_exchange of idp_token.",
  ],
  connect_sign_in_not_configured: [
    "Nobody can sign in with the person's identity provider.",
    "Give its idp: document a sign_in with a client that is registered there; its metadata must have an authorization endpoint with S256.",
  ],
  connect_browser_unknown: [
    "The browser that came has not begun here, or has begun something else since.",
    "Routine. Where it is always so, the browser refuses our cookie.",
  ],
  connect_document_changed: [
    "The server's document was changed while the person was at its authorization server: another client, scope or server.",
    AGAIN,
  ],
  connect_too_late: ["More than ten minutes passed between two steps.", AGAIN],
  connect_state_mismatch: [
    "The answer belongs to another authorization request than the browser was sent out with.",
    "Often a page left open. In numbers, somebody is injecting answers into other people's browsers.",
  ],
  connect_state_replayed: ["The answer was brought a second time.", "Routine after going back in the browser."],
  connect_issuer_mismatch: [
    "The answer, or the metadata, is of another authorization server than the browser was sent to (mix-up, RFC 9207).",
    "Compare iss and issuer at that server with authorization_server of the document, byte for byte.",
  ],
  connect_sign_in_refused: [
    "The identity provider did not sign the person in, or refused our client.",
    "Look at the provider's own log; check sign_in, its secret in the vault, and the redirect URI: npx crossgate idp sign-in <issuer>.",
  ],
  connect_id_token_invalid: [
    "The ID token is not one for this sign-in by this provider.",
    "Its iss, aud, nonce, iat, exp, typ and algorithm must be as the idp: document has them.",
  ],
  connect_person_unknown: [
    "The provider knows the person, and no account here is bound to them.",
    "Add or bind an account with: crossgate account add",
  ],
  connect_person_mismatch: [
    "Somebody else signed in than the one whose call it was.",
    "Routine for who has two accounts. Otherwise somebody passed an address on. With pairwise subject identifiers it is always so: let the provider give our client public ones.",
  ],
  connect_revoked: ["The person, the agent or the server has been revoked.", "GET /admin/v1/revocations says what."],
  connect_form_foreign: [
    "The answer to our question did not come from our page.",
    "Routine for a page left open. In numbers, somebody is trying to answer in other people's names (CSRF).",
  ],
  connect_declined: ["The person chose not to connect.", "Nothing."],
  connect_authorization_refused: [
    "The server's authorization server, or the person there, refused.",
    "Check client, redirect URI and scope at that server.",
  ],
  connect_grant_refused: [
    "The authorization server refused its own code, or our client.",
    "Check the client's secret in the vault, and its method.",
  ],
  connect_authorization_server_unfit: [
    "The authorization server's metadata is missing, malformed, or without PKCE (S256).",
    "crossgate upstream add says what it found; name authorization_server in the document where it cannot be found.",
  ],
  connect_client_unproved: [
    "The secret of our own client is not in the vault, or not for this server or provider.",
    "Set it, under the name that the document has: crossgate vault set NAME",
  ],
  connect_full: [
    "The person has connected as many accounts as one may have.",
    "A revocation of the person ends all of them, and they connect anew what they use: crossgate revoke subject",
  ],
};
