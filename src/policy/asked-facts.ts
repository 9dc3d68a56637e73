import { digestParts } from "../jwt/digest.ts";
import { LIMITS } from "../limits.ts";
import { type CompiledRule, compile } from "./compiled-policy.ts";
import { mentions } from "./expression.ts";
import type { Policy, Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { fileUnder } from "./rule-index.ts";
import { selects } from "./selector.ts";

/** Who asks, and of which server: what is not asked of them does not go into their token. */
type Asker = Pick<PolicyRequest, "clientId" | "resource">;

/** What the access token says of the person, so that the gateway can ask policy again. */
export interface CarriedFacts {
  readonly groups: readonly string[];
  readonly emailDomain: string | null;
  /** Names what policy asked about; null when it asked about neither groups nor addresses. */
  readonly asked: string | null;
}

/** What policy asks about somebody; the groups that it names are too many to keep a list of for each asker. */
interface Asked {
  readonly isAnyGroup: boolean;
  readonly emailDomain: boolean;
  readonly name: string | null;
}

interface Remembered {
  readonly byAsker: Map<string, Asked>;
  readonly rulesByGroup: ReadonlyMap<string, readonly CompiledRule[]>;
}

/**
 * Of the person's groups and email domain only what some rule for this client and server asks about: a token is read by
 * the client, and an agent has no business knowing the rest.
 */
export async function carriedFacts(
  policy: Policy,
  { groups, emailDomain, ...asker }: Asker & Pick<PolicyRequest, "groups" | "emailDomain">,
): Promise<CarriedFacts> {
  const { isAnyGroup, emailDomain: isDomainAsked, name } = await whatIsAsked(policy, asker);
  const { rulesByGroup } = remembered(policy);
  const isAsked = (group: string): boolean => (rulesByGroup.get(group) ?? []).some((rule) => concerns(rule, asker));
  return {
    groups: [...groups].filter((group) => isAnyGroup || isAsked(group)).toSorted(),
    emailDomain: isDomainAsked ? emailDomain : null,
    asked: name,
  };
}

/** @returns the name of what policy asks about now, to compare with what it asked when the token was made. */
export async function nameOfAsked(policy: Policy, asker: Asker): Promise<string | null> {
  return (await whatIsAsked(policy, asker)).name;
}

const known = new WeakMap<Policy, Remembered>();

/** Once a revision, and what is asked once for each client at each server: to go through ten thousand groups takes long. */
function remembered(policy: Policy): Remembered {
  const before = known.get(policy);
  if (before !== undefined) return before;
  const rulesByGroup = new Map<string, CompiledRule[]>();
  for (const compiled of rulesOf(policy))
    for (const group of groupsOf(compiled)) fileUnder(rulesByGroup, group, compiled);
  const fresh = { byAsker: new Map<string, Asked>(), rulesByGroup };
  known.set(policy, fresh);
  return fresh;
}

async function whatIsAsked(policy: Policy, { clientId, resource }: Asker): Promise<Asked> {
  const { byAsker } = remembered(policy);
  const asker = JSON.stringify([clientId, resource]);
  const before = byAsker.get(asker);
  if (before !== undefined) return before;
  const fresh = await findAsked(policy, { clientId, resource });
  if (byAsker.size >= LIMITS.askersRemembered) byAsker.clear();
  byAsker.set(asker, fresh);
  return fresh;
}

async function findAsked(policy: Policy, asker: Asker): Promise<Asked> {
  const concerning = rulesOf(policy).filter((rule) => concerns(rule, asker));
  const isAnyGroup = concerning.some(({ rule }) => looksAt(rule, "groups"));
  const emailDomain = concerning.some(({ rule }) => rule.email_domains !== undefined || looksAt(rule, "email_domain"));
  const groups = isAnyGroup ? "any" : new Set(concerning.flatMap(groupsOf));
  return { isAnyGroup, emailDomain, name: await nameAsked(groups, emailDomain) };
}

function rulesOf(policy: Policy): readonly CompiledRule[] {
  const { denies, permits } = compile(policy);
  return [...denies, ...permits];
}

function concerns({ isFor, rule }: CompiledRule, { clientId, resource }: Asker): boolean {
  return isFor(clientId) && selects(rule.resources, resource);
}

function groupsOf({ rule: { groups } }: CompiledRule): readonly string[] {
  return groups === undefined || groups === "any" ? [] : [...groups];
}

function looksAt({ condition, calls }: Rule, variable: "groups" | "email_domain"): boolean {
  return [condition, calls?.condition].some((text) => text !== undefined && mentions(text, variable));
}

async function nameAsked(groups: "any" | ReadonlySet<string>, emailDomain: boolean): Promise<string | null> {
  if (groups !== "any" && groups.size === 0 && !emailDomain) return null;
  const names = groups === "any" ? ["any"] : ["list", ...[...groups].toSorted()];
  return (await digestParts([emailDomain ? "email" : "", ...names])).slice(0, 16);
}
