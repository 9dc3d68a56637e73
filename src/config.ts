import type { SubjectForm } from "./audit/subject-names.ts";
import type { EgressRules } from "./egress/url-policy.ts";
import { isLoopbackHttp } from "./egress/url-policy.ts";
import { LIMITS } from "./limits.ts";

/** What the deployment decides. Trust and policy are not here: they are documents in KV and have no defaults. */
export interface Config {
  /** Our issuer identifier (RFC 8414 §2): an https origin, without a trailing slash. Exact wherever it is compared. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** A Crossgate on somebody's own machine: its issuer is a plain-http loopback address. */
  readonly isLocal: boolean;
  readonly egress: EgressRules;
  readonly ledger: LedgerPlacement;
  /** null: administrators prove themselves by keys alone. */
  readonly access: AccessConfig | null;
  /** How long an isolate relies on its copy of a document. A local Crossgate shows edits at once. */
  readonly documentFreshSeconds: number;
  /** Until an edit is in force everywhere: KV has spread it, and no isolate relies on a copy from before. */
  readonly documentSpreadSeconds: number;
  /** How audit records name people. */
  readonly auditSubjects: SubjectForm;
  /** How long they stay searchable; null while a legal hold is on. */
  readonly auditIndexDays: number | null;
}

/** Cloudflare Access in front of the admin API. */
export interface AccessConfig {
  /** https://TEAM.cloudflareaccess.com */
  readonly team: string;
  readonly audience: string;
}

export interface LedgerPlacement {
  readonly shards: number;
  /** The number before, while it changes; null otherwise. */
  readonly shardsBefore: number | null;
  readonly jurisdiction: DurableObjectJurisdiction | null;
  readonly locationHint: DurableObjectLocationHint | null;
}

/** Names the variable and the fix. Thrown before anything is served. */
export class ConfigInvalid extends Error {
  override readonly name = "ConfigInvalid";
}

type ConfigVariables = Pick<
  Env,
  | "ISSUER"
  | "LEDGER_SHARDS"
  | "LEDGER_SHARDS_BEFORE"
  | "LEDGER_JURISDICTION"
  | "LEDGER_LOCATION_HINT"
  | "AUDIT_SUBJECTS"
  | "ACCESS_TEAM_DOMAIN"
  | "ACCESS_AUDIENCE"
  | "AUDIT_INDEX_DAYS"
  | "AUDIT_LEGAL_HOLD"
>;

const JURISDICTIONS = ["eu", "fedramp"] as const;
const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;

export function parseConfig(env: ConfigVariables): Config {
  const issuer = parseIssuer(env.ISSUER);
  const isLocal = isLoopbackHttp(issuer);
  return Object.freeze({
    issuer: env.ISSUER,
    tokenEndpoint: `${env.ISSUER}/token`,
    isLocal,
    egress: { ownHost: issuer.hostname, allowsLoopback: isLocal },
    ledger: parsePlacement(env),
    access: parseAccess(env, isLocal),
    documentFreshSeconds: isLocal ? 1 : LIMITS.trustDocumentFreshSeconds,
    documentSpreadSeconds: isLocal ? 1 : LIMITS.trustSpreadSeconds + LIMITS.trustDocumentFreshSeconds,
    auditSubjects: parseSubjectForm(env.AUDIT_SUBJECTS),
    auditIndexDays: parseIndexDays(env.AUDIT_INDEX_DAYS, env.AUDIT_LEGAL_HOLD),
  });
}

function parseIssuer(text: string): URL {
  if (!URL.canParse(text)) throw new ConfigInvalid("ISSUER is not a URL; set it to your custom domain, https://…");
  const url = new URL(text);
  if (url.origin !== text) throw new ConfigInvalid(`ISSUER must be an origin without a path or slash: ${url.origin}`);
  // Plain http is for a local Crossgate only; as the issuer of a deployment it could not be reached by anyone.
  if (url.protocol !== "https:" && !isLoopbackHttp(url)) throw new ConfigInvalid("ISSUER must be https");
  return url;
}

function parsePlacement(env: ConfigVariables): LedgerPlacement {
  return {
    shards: parseShards("LEDGER_SHARDS", env.LEDGER_SHARDS),
    shardsBefore:
      env.LEDGER_SHARDS_BEFORE === "" ? null : parseShards("LEDGER_SHARDS_BEFORE", env.LEDGER_SHARDS_BEFORE),
    jurisdiction: parseChoice("LEDGER_JURISDICTION", env.LEDGER_JURISDICTION, JURISDICTIONS),
    locationHint: parseChoice("LEDGER_LOCATION_HINT", env.LEDGER_LOCATION_HINT, LOCATION_HINTS),
  };
}

function parseSubjectForm(text: string): SubjectForm {
  if (text === "plain" || text === "hashed") return text;
  throw new ConfigInvalid("AUDIT_SUBJECTS must be plain or hashed");
}

function parseAccess(env: ConfigVariables, allowsLoopback: boolean): AccessConfig | null {
  const { ACCESS_TEAM_DOMAIN: team, ACCESS_AUDIENCE: audience } = env;
  if (team === "" && audience === "") return null;
  if (!/^[\w-]{16,128}$/.test(audience)) {
    throw new ConfigInvalid("ACCESS_AUDIENCE must be the AUD tag of the Access application, or empty with the other");
  }
  const url = URL.canParse(team) ? new URL(team) : null;
  const isTeam = url?.protocol === "https:" && url.hostname.endsWith(".cloudflareaccess.com");
  const isLocal = url !== null && allowsLoopback && isLoopbackHttp(url);
  if (url?.origin === team && (isTeam || isLocal)) return { team, audience };
  throw new ConfigInvalid("ACCESS_TEAM_DOMAIN must be https://TEAM.cloudflareaccess.com, or empty with the other");
}

/** A hold that is misspelled must not be none. */
function parseIndexDays(text: string, hold: string): number | null {
  if (hold !== "" && hold !== "on") throw new ConfigInvalid('AUDIT_LEGAL_HOLD must be empty or "on"');
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > LIMITS.auditIndexDaysMaximum) {
    throw new ConfigInvalid(`AUDIT_INDEX_DAYS must be a whole number from 1 to ${LIMITS.auditIndexDaysMaximum}`);
  }
  return hold === "on" ? null : days;
}

function parseShards(name: string, text: string): number {
  const shards = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (shards >= 1 && shards <= LIMITS.ledgerShards) return shards;
  throw new ConfigInvalid(`${name} must be a whole number from 1 to ${LIMITS.ledgerShards}`);
}

function parseChoice<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice | null {
  if (text === "") return null;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new ConfigInvalid(`${name} must be empty or one of ${choices.join(", ")}`);
  return choice;
}
