import { Connections } from "../../durable-objects/connections.ts";
import { IssuerKeys } from "../../durable-objects/issuer-keys.ts";
import type { AdminDependencies, KeySetStatus } from "../admin/dependencies.ts";
import { earliestPlace } from "../audit/place.ts";
import { findByCorrelation, readActivity } from "../audit/find-records.ts";
import type { IndexRow, Statement } from "../audit/statement.ts";
import { countLiveTokens } from "../audit/live-tokens.ts";
import { Outage } from "../audit/reason.ts";
import type { Config } from "../config.ts";
import { explainRedemption } from "../explain/explanation.ts";
import { ThrowawayKeys } from "../explain/throwaway-keys.ts";
import { reportFault } from "../reporting.ts";
import { networkOf } from "../token-endpoint/network.ts";
import type { Parts } from "./parts.ts";
import { isWithin } from "./rate.ts";
import { wasGranted } from "../audit/was-granted.ts";
import { readArchive } from "../audit/read-archive.ts";
import { readTrail } from "./audit-trail.ts";

const HOUR_MILLISECONDS = 3_600_000;

/** What the admin API may use, of all that there is. */
export function buildAdmin(parts: Parts): AdminDependencies {
  const throwawayKeys = new ThrowawayKeys();
  const { env, runtime, config, ledger, recorder, trust, accounts, revocations, subjectNames } = parts;
  return {
    issuer: config.issuer,
    access: buildAccess(env, config),
    findAdmin: (name) => trust.find("admin", name),
    recorder,
    documents: parts.editor,
    rules: config.egress,
    explain: (request) => explainRedemption(request, { issuer: config.issuer, store: trust, keys: throwawayKeys }),
    revocations,
    accounts,
    approvals: parts.approvals,
    openCall: (sealed, key) => parts.shownArguments.open(sealed, key),
    vault: parts.vaults,
    connections: new Connections((owner) => parts.vaults.vaultOf(owner)),
    signingKeyIds: parts.keys.published.keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid])),
    wasGranted: async (members) =>
      wasGranted((statement) => askIndex(env.AUDIT_INDEX, statement), await subjectNames.record(members)),
    countLiveTokens: async (members) =>
      countLiveTokens(env.AUDIT_INDEX, await subjectNames.record(members), Date.now()),
    documentsSpreadSeconds: config.documentSpreadSeconds,
    audit: {
      ask: (statement) => askIndex(env.AUDIT_INDEX, statement).catch(indexUnavailable),
      findByCorrelation: (correlationId) => findByCorrelation(env.AUDIT_INDEX, correlationId).catch(indexUnavailable),
      readActivity: (now) => readActivity(env.AUDIT_INDEX, earliestPlace(now - HOUR_MILLISECONDS)),
    },
    keySetStatus: (issuer, jwksUri) => readKeySetStatus(env, issuer, jwksUri),
    readArchive: (after) => readArchive(env.AUDIT_ARCHIVE, after),
    readTrail: () => readTrail(env, config, ledger),
    ledgerStatus: () => ledger.pending(),
    isNetworkWithinRate: (request) => isWithin(env.NETWORK_RATE_LIMIT, networkOf(request.headers)),
    isAdminWithinRate: (name) => isWithin(env.CLIENT_RATE_LIMIT, `admin:${name}`),
    consumeRequest: ({ admin, ...spendable }) =>
      ledger.consume({ namespace: "admin-request", owner: admin, event: null, ...spendable }),
    reportFault: (correlationId, cause) => reportFault(runtime, correlationId, cause),
  };
}

/** Its keys alone come from where nothing else may be fetched from. */
function buildAccess(env: Env, { access, egress }: Config): AdminDependencies["access"] {
  if (access === null) return null;
  const keys = new IssuerKeys(env.ISSUER_KEY_SET, { ...egress, teamHost: new URL(access.team).hostname });
  const source = { kind: "remote", jwksUri: `${access.team}/cdn-cgi/access/certs` } as const;
  return { ...access, findKey: (wanted) => keys.find(`access:${access.team}`, source, wanted) };
}

async function readKeySetStatus(env: Env, issuer: string, jwksUri: string): Promise<KeySetStatus> {
  const state = await env.ISSUER_KEY_SET.getByName(`idp:${issuer}`).status(jwksUri);
  return {
    keys: state.keys,
    fetched_at: instantOf(state.fetchedAtMilliseconds),
    attempted_at: instantOf(state.attemptedAtMilliseconds),
    failures: state.failures,
  };
}

function instantOf(milliseconds: number): string | null {
  return milliseconds === 0 ? null : new Date(milliseconds).toISOString();
}

async function askIndex(index: D1Database, { sql, values }: Statement): Promise<readonly IndexRow[]> {
  const statement = index.prepare(sql).bind(...values);
  return (await statement.all()).results;
}

function indexUnavailable(cause: unknown): never {
  throw new Outage("audit_index_unavailable", { cause });
}
