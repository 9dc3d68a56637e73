import { mentions } from "../../src/policy/expression.ts";
import { groupsNamedIn } from "../../src/policy/judged-facts.ts";
import type { Policy, Rule } from "../../src/policy/policy.ts";
import { parseScope } from "../../src/policy/scope.ts";
import { selects, selectsClient } from "../../src/policy/selector.ts";
import type { AccessFacts } from "../access/decide-access.ts";
import type { TrustSet } from "../trust-set.ts";
import type { RecordedDecision } from "./recorded-decision.ts";

/** Why a decision cannot be made again, in words that many of them share. */
export interface NotReplayable {
  readonly why: string;
}

/** What a decision needs of the documents that it was made under, to know which of a person's groups are unknown. */
export interface InForce {
  readonly policies: TrustSet["policy"];
  /** By organization. */
  readonly revisions: ReadonlyMap<string, string>;
}

type Known = RecordedDecision & {
  readonly organization: string;
  readonly issuer: string;
  readonly subject: string;
  readonly client_id: string;
  readonly resource: string;
};

/** The checks that trust and policy decide, and nothing else does. */
const OF_THE_DOCUMENTS = new Set(["resource", "scope", "policy"]);

/** @returns whether documents had a say in it: a bad signature is refused under any policy. */
export function isOfDocuments({ decision, check }: RecordedDecision): boolean {
  return decision === "granted" || OF_THE_DOCUMENTS.has(check ?? "");
}

/** The facts of a record, as far as the policy to be tried may look at them; or which it lacks. */
export function factsFrom(record: RecordedDecision, tried: TrustSet, inForce: InForce): AccessFacts | NotReplayable {
  if (!isKnown(record)) return { why: "the record does not say who asked for which server" };
  if (record.judged === null || record.judged === undefined) {
    return { why: "the record does not say what policy looked at: it ended before policy, or is of an older version" };
  }
  const rules = relevantRules(record, tried.policy.get(record.organization));
  return whatIsLacking(record, rules, inForce) ?? factsOf(record, record.judged);
}

function isKnown(record: RecordedDecision): record is Known {
  const { organization, issuer, subject, client_id, resource } = record;
  return [organization, issuer, subject, client_id, resource].every((value) => typeof value === "string");
}

function relevantRules({ client_id, resource }: Known, policy: Policy | undefined): readonly Rule[] {
  const rules = policy?.rules ?? [];
  return rules.filter((rule) => selectsClient(rule.clients, client_id) && selects(rule.resources, resource));
}

const HASHED = "hmac-sha256:";

function whatIsLacking(record: Known, rules: readonly Rule[], inForce: InForce): NotReplayable | null {
  const asksAbout = (member: "subjects" | "actors", variable: "subject" | "actor"): boolean =>
    rules.some((rule) => (rule[member] !== undefined && rule[member] !== "any") || looksAt(rule, variable));
  if (record.subject.startsWith(HASHED) && asksAbout("subjects", "subject"))
    return { why: "a rule selects on subjects, and the record has them hashed" };
  if (record.actor?.startsWith(HASHED) === true && asksAbout("actors", "actor"))
    return { why: "a rule selects on actors, and the record has them hashed" };
  if (record.scope_requested?.split(" ").includes("(other)") === true && rules.some((rule) => looksAt(rule, "scope")))
    return { why: "an expression looks at scopes, and the record does not name all that were asked for" };
  if (record.reason === "authorization_details_not_permitted")
    return { why: "the record does not say which authorization_details were asked for, only which were granted" };
  return lacksGroups(record, rules, inForce);
}

/** A group that is not in the record is none of the person's only if the policy of that day asked about it. */
function lacksGroups(record: Known, rules: readonly Rule[], { policies, revisions }: InForce): NotReplayable | null {
  if (record.judged?.other_groups !== true) return null;
  if (rules.some((rule) => looksAt(rule, "groups"))) {
    return { why: "an expression looks at groups, and the record has only those that the policy of the time named" };
  }
  const policy = policies.get(record.organization);
  const isSamePolicy = revisions.get(record.organization) === record.policy_revision;
  const askedAbout = policy !== undefined && isSamePolicy ? groupsNamedIn(policy) : new Set<string>();
  const known = new Set([...askedAbout, ...record.judged.groups]);
  const wanted = rules.flatMap(({ groups }) => (groups === undefined || groups === "any" ? [] : [...groups]));
  if (wanted.every((group) => known.has(group))) return null;
  return { why: "a rule names groups that the policy of the time did not ask about" };
}

function looksAt({ condition }: Rule, variable: Parameters<typeof mentions>[1]): boolean {
  return condition !== undefined && mentions(condition, variable);
}

function factsOf(record: Known, judged: NonNullable<RecordedDecision["judged"]>): AccessFacts {
  return {
    organization: record.organization,
    clientId: record.client_id,
    resource: record.resource,
    issuer: record.issuer,
    tenant: record.tenant ?? null,
    subject: record.subject,
    groups: new Set(judged.groups),
    emailDomain: judged.email_domain,
    actor: record.actor ?? null,
    acr: judged.acr,
    amr: judged.amr,
    authTimeSeconds: judged.auth_time,
    isKeyBound: judged.proved_key,
    assertedScope:
      record.scope_asserted === null || record.scope_asserted === undefined ? null : parseScope(record.scope_asserted),
    requestedScope: requestedOf(record.scope_requested ?? null),
    detailsTypes: record.authorization_details_types ?? [],
    nowSeconds: Math.floor(Date.parse(record.time) / 1000),
  };
}

/** "(other)" stands for tokens that the server did not define; they never counted, and are not one themselves. */
function requestedOf(scope: string | null): string | null {
  return (
    scope
      ?.split(" ")
      .filter((token) => token !== "(other)")
      .join(" ") ?? null
  );
}
