import type { OutageReason } from "../../src/audit/reason.ts";
import type { ReasonWords } from "./reasons.ts";

/** What is ours to mend, not the caller's. */
export const OUTAGE_REASONS: Record<OutageReason | "fault", ReasonWords> = {
  ledger_unavailable: [
    "The ledger did not answer.",
    "Try again; the assertion is not spent. See the status of Durable Objects.",
  ],
  ledger_overloaded: ["A ledger had too much to do.", "Try again; raise LEDGER_SHARDS if it stays so."],
  audit_index_unavailable: [
    "The index of the audit records did not answer.",
    "See the D1 database AUDIT_INDEX, and that its migrations are applied; the archive has every record all the same.",
  ],
  audit_archive_unavailable: [
    "The archive of the audit records did not answer.",
    "See the R2 bucket AUDIT_ARCHIVE; records wait in their ledgers until it does.",
  ],
  audit_backlog: [
    "A ledger holds as many undelivered records as it may.",
    "See why the queue or its consumer is stuck: no token is issued without room for its record.",
  ],
  revocations_unavailable: [
    "What has been revoked could not be learned, so nothing was decided.",
    "Try again; see the status of Durable Objects.",
  ],
  revocations_outdated: [
    "A signing key or a document that was just replaced was still in use here.",
    "Try again: it heals within seconds.",
  ],
  revocations_full: [
    "The registry holds as many revocations as it may.",
    "Disable the client or the provider in its document instead; the README has the limits.",
  ],
  keys_unavailable: [
    "The provider's key set could not be had, and the last one is too old.",
    "Check jwks_uri in the issuer's document, and that it answers 200 without a redirect.",
  ],
  client_metadata_unavailable: [
    "The client's metadata document could not be fetched just now, and there is no copy that is recent enough.",
    "Check that its client_id answers in time; after a failure it is asked again a little later, not at once.",
  ],
  limits_unavailable: [
    "The object that counts calls for a rule did not answer.",
    "See the status of Durable Objects; no call that has to be counted goes on without it.",
  ],
  approvals_unavailable: [
    "The desk on which calls wait for approval did not answer.",
    "See the status of Durable Objects; no call that needs an approval goes on without it.",
  ],
  accounts_unavailable: [
    "The organization's account directory did not answer.",
    "Try again; see the status of Durable Objects.",
  ],
  trust_unavailable: ["KV did not answer.", "Try again; see the status of Workers KV."],
  trust_document_invalid: [
    "A document in KV does not parse, so what it governs is refused.",
    "Let npx crossgate status name key and path; mend it, and it recovers within a minute.",
  ],
  vault_unavailable: [
    "The vault of upstream credentials did not answer.",
    "Try again; see the status of Durable Objects.",
  ],
  vault_keys_unavailable: [
    "The secret VAULT_KEYS is missing, does not parse or lacks the key that a credential is encrypted under.",
    "Put back the key set that was deployed before, with the new keys added: npx crossgate keys rotate --vault.",
  ],
  vault_record_damaged: [
    "A record in the vault is not what was stored there under that name: it was moved, rolled back or damaged.",
    "Find out who can write to the Durable Objects; then set the secret anew.",
  ],
  upstream_authorization_server_unavailable: [
    "The server that issues tokens for the MCP server did not answer.",
    "Try again; see whether it can be reached from outside.",
  ],
  identity_provider_unavailable: [
    "A person was to sign in, and the identity provider did not answer.",
    "Try again; look at the provider's status page.",
  ],
  signer_unavailable: [
    "The access token could not be signed.",
    "Check the secret SIGNING_KEYS: npx crossgate keys show.",
  ],
  fault: [
    "Something failed inside Crossgate.",
    "The Worker's log has the class of the error under this correlation id.",
  ],
};
