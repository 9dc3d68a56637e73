import { LIMITS } from "../src/limits.ts";
import { type KeptGrant, readKeptGrant } from "../src/vault/kept-grant.ts";
import type { GrantName } from "./kept-grants.ts";
import type { VaultOwner } from "./vault-owner.ts";
import type { VaultRecords } from "./vault-records.ts";
import type { RecordDescription, RecordFailure } from "./vault-tables.ts";

/**
 * `renewing`: its refresh token is on its way, or was when the vault last stopped. `expired`: nothing renews it. `lost`:
 * the person has to connect again. `unreadable`: not what was stored, or under a key that is gone or not there.
 */
export type ConnectionState = "connected" | "renewing" | "expired" | "lost" | "unreadable";

/** What an authorization server says with a grant, and we may say on: everything but what it is made of. */
export interface GrantTerms {
  readonly authorizationServer: string;
  readonly clientId: string;
  readonly scope: string | null;
  readonly connectedAtMilliseconds: number;
  /** Of the token that there is now; null where there is none. */
  readonly tokenExpiresAtMilliseconds: number | null;
  /** Whether a refresh token goes on when that one is over. */
  readonly isRenewable: boolean;
}

export interface DescribedConnection {
  readonly kind: GrantName["kind"];
  readonly id: string;
  readonly state: ConnectionState;
  /** null where it cannot be read. */
  readonly terms: GrantTerms | null;
  readonly changedAtMilliseconds: number;
  readonly usedAtMilliseconds: number | null;
  readonly failure: RecordFailure | null;
}

/** How it stands with each thing that this person has connected. */
export function describeConnections(
  records: VaultRecords,
  owner: VaultOwner,
  nowMilliseconds: number,
): Promise<DescribedConnection[]> {
  const found = (["identity", "grant"] as const).flatMap((kind) =>
    records.list(kind, "", LIMITS.grantsPerPerson).map((record) => ({ ...record, kind })),
  );
  return Promise.all(found.map((record) => describe(record, { records, owner, nowMilliseconds })));
}

interface Reading {
  readonly records: VaultRecords;
  readonly owner: VaultOwner;
  readonly nowMilliseconds: number;
}

async function describe(
  record: RecordDescription & { readonly kind: GrantName["kind"] },
  { records, owner, nowMilliseconds }: Reading,
): Promise<DescribedConnection> {
  const { kind, id, changedAtMilliseconds, usedAtMilliseconds } = record;
  const opened = await records.open(owner, { kind, id });
  const grant = typeof opened === "string" ? null : readKeptGrant(opened.text);
  const known = { kind, id, changedAtMilliseconds, usedAtMilliseconds };
  const failure = records.findFailure({ kind, id });
  if (grant === null) return { ...known, failure, state: "unreadable", terms: null };
  return {
    ...known,
    // What failed before the person last agreed is over.
    failure: failure !== null && failure.atMilliseconds >= grant.connected_at ? failure : null,
    state: stateOf(grant, nowMilliseconds),
    terms: {
      authorizationServer: grant.authorization_server,
      clientId: grant.client.client_id,
      scope: grant.scope,
      connectedAtMilliseconds: grant.connected_at,
      tokenExpiresAtMilliseconds: grant.token === null ? null : grant.token_expires_at,
      isRenewable: grant.refresh_token !== null,
    },
  };
}

function stateOf({ state, refresh_token, token, token_expires_at }: KeptGrant, now: number): ConnectionState {
  if (state === "lost") return "lost";
  if (state === "spending") return "renewing";
  const isOver = refresh_token === null && (token === null || token_expires_at <= now);
  return isOver ? "expired" : "connected";
}
