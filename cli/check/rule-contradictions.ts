import type { Rule } from "../../src/policy/policy.ts";
import { type Selector, selects, selectsClient } from "../../src/policy/selector.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import { type CheckedTrust, isAnyBroken, listNames } from "./checked-trust.ts";
import type { Idle } from "./idle-rules.ts";
import { organizationsOf } from "./references.ts";

/**
 * Conditions of one rule that no request meets at once, given the other documents. Names without a document are
 * reported elsewhere, and make this say nothing: what they would be, nobody knows.
 */
export function whyNeverTogether(rule: Rule, organization: string, trust: CheckedTrust): Idle | null {
  return whyNoSignIn(rule, organization, trust) ?? whyNoClient(rule, trust);
}

function whyNoSignIn(rule: Rule, organization: string, trust: CheckedTrust): Idle | null {
  const { idp } = trust.set;
  const named = namesOf(rule.issuers);
  if (isAnyBroken(trust, "idp") || named.some((issuer) => !idp.has(issuer))) return null;
  const speaking = [...idp.values()].filter((one) => organizationsOf(one).includes(organization));
  if (speaking.length === 0) return null;
  const selected = speaking.filter(({ issuer }) => rule.issuers === undefined || selects(rule.issuers, issuer));
  if (selected.length === 0) {
    return {
      at: "issuers",
      problem: `applies to nobody: none of its issuers speaks for ${organization}`,
      fix: `For ${organization} speak ${listNames(speaking.map(({ issuer }) => issuer))}.`,
    };
  }
  return whyNoTenant(rule, organization, selected) ?? whyNoClaim(rule, selected);
}

function whyNoTenant({ tenants }: Rule, organization: string, idps: readonly TrustedIdp[]): Idle | null {
  if (tenants === undefined || tenants === "any") return null;
  const bound = idps.flatMap((idp) =>
    Object.entries(idp.tenants ?? {}).flatMap(([tenant, owner]) => (owner === organization ? [tenant] : [])),
  );
  if (bound.some((tenant) => tenants.has(tenant))) return null;
  const fix =
    bound.length === 0
      ? `Leave tenants out: ${listNames(idps.map(({ issuer }) => issuer))} have none.`
      : `Tenants of ${organization} there are ${listNames(bound)}.`;
  return {
    at: "tenants",
    problem: `applies to nobody: none of its tenants is bound to ${organization} at an issuer that it selects`,
    fix,
  };
}

function whyNoClaim({ groups, email_domains }: Rule, idps: readonly TrustedIdp[]): Idle | null {
  if (isList(groups) && idps.every((idp) => idp.groups_claim === undefined)) {
    return {
      at: "groups",
      problem: "applies to nobody: no issuer that it selects has a groups_claim",
      fix: `State groups_claim in ${listNames(idps.map(({ issuer }) => `idp:${issuer}`))}.`,
    };
  }
  const domains = new Set(idps.flatMap((idp) => idp.email_domains));
  if (!isList(email_domains) || !email_domains.isDisjointFrom(domains)) return null;
  return {
    at: "email_domains",
    problem: "applies to nobody: no issuer that it selects is authoritative for any of these domains",
    fix: `State them under email_domains in ${listNames(idps.map(({ issuer }) => `idp:${issuer}`))}.`,
  };
}

/** Only for permits: a deny for what is impossible today is a precaution. */
function whyNoClient(rule: Rule, trust: CheckedTrust): Idle | null {
  const { client, resource } = trust.set;
  if (rule.effect === "deny" || isAnyBroken(trust, "client") || isAnyBroken(trust, "resource")) return null;
  const records = [...client.values()];
  if (namesOf(rule.clients).some((name) => !records.some((one) => isOrBelongsTo(one.client_id, name)))) return null;
  if (namesOf(rule.resources).some((name) => !resource.has(name))) return null;
  const selected = records.filter(
    ({ client_id }) => rule.clients === "any" || namesOf(rule.clients).some((name) => isOrBelongsTo(client_id, name)),
  );
  const pairs = selected.flatMap((one) =>
    one.resources.filter((name) => selects(rule.resources, name)).map((name) => ({ one, name })),
  );
  if (pairs.length === 0) {
    return {
      at: "resources",
      problem: "permits nobody: none of its clients is registered for any of its MCP servers",
      fix: "List the MCP server under resources in the client's document, or correct the rule.",
    };
  }
  const { scopes } = rule;
  if (scopes === "any") return null;
  const possible = pairs.some(({ one, name }) =>
    Object.keys(resource.get(name)?.scopes ?? {}).some(
      (scope) => scopes.has(scope) && (one.scopes === "any" || one.scopes.includes(scope)),
    ),
  );
  if (possible) return null;
  return {
    at: "scopes",
    problem: "grants nothing: none of its scopes is both defined by an MCP server and among its client's own scopes",
    fix: "Widen scopes in the client's document, or correct the rule.",
  };
}

/** Either may be a family: a record that admits the client a rule names, or a rule's family with that record in it. */
function isOrBelongsTo(record: string, name: string): boolean {
  return selectsClient(new Set([name]), record) || selectsClient(new Set([record]), name);
}

function isList(selector: Selector | undefined): selector is ReadonlySet<string> {
  return selector !== undefined && selector !== "any";
}

function namesOf(selector: Selector | undefined): readonly string[] {
  return isList(selector) ? [...selector] : [];
}
