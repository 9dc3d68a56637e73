import type { Policy, Rule } from "../../src/policy/policy.ts";
import { type Selector, selectsClient } from "../../src/policy/selector.ts";
import type { Client } from "../../src/trust/client.ts";
import type { DocumentKind } from "../../src/trust/documents.ts";
import type { ProtectedResource } from "../../src/trust/protected-resource.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import { type CheckedTrust, isAnyBroken, listNames, mayBeBroken } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";
import { findClientIn } from "../trust-set.ts";
import { findLookAlike } from "./look-alikes.ts";

/** Names that no document has, and scopes that no server defines. A typing error is the usual reason for both. */
export function findDanglingReferences(trust: CheckedTrust): readonly Finding[] {
  const { client, policy, resource } = trust.set;
  return [
    ...[...resource.values()].flatMap((one) => ofResource(one, trust)),
    ...[...client.values()].flatMap((one) => ofClient(one, trust)),
    ...[...policy.values()].flatMap((one) => one.rules.flatMap((rule, index) => ofRule(one, rule, { index, trust }))),
    ...findUnmatchedOrganizations(trust),
  ];
}

function ofClient(client: Client, trust: CheckedTrust): readonly Finding[] {
  const file = trust.fileOf("client", client.client_id);
  const resources = client.resources.flatMap((name, index) =>
    missing({ trust, kind: "resource", name, file, at: `resources.${index}`, who: "this client" }),
  );
  const scopes = client.scopes === "any" ? [] : client.scopes;
  return [...resources, ...undefinedScopes({ scopes, resources: client.resources, trust, file, at: "scopes" })];
}

function ofResource({ resource, introspection }: ProtectedResource, trust: CheckedTrust): readonly Finding[] {
  const file = trust.fileOf("resource", resource);
  return (introspection?.clients ?? []).flatMap((name, index) =>
    missing({ trust, kind: "client", name, file, at: `introspection.clients.${index}`, who: "asking about tokens" }),
  );
}

interface Place {
  readonly index: number;
  readonly trust: CheckedTrust;
}

function ofRule({ organization }: Policy, rule: Rule, { index, trust }: Place): readonly Finding[] {
  const file = trust.fileOf("policy", organization);
  const who = `the ${rule.effect} rule ${rule.id}`;
  const dangling = (
    [
      ["clients", "client"],
      ["resources", "resource"],
      ["issuers", "idp"],
    ] as const
  ).flatMap(([member, kind]) =>
    valuesOf(rule[member]).flatMap((name, at) =>
      missing({ trust, kind, name, file, at: `rules.${index}.${member}.${at}`, who }),
    ),
  );
  if (rule.effect === "deny" || rule.scopes === "any") return dangling;
  const resources = rule.resources === "any" ? [...trust.set.resource.keys()] : [...rule.resources];
  const at = `rules.${index}.scopes`;
  return [...dangling, ...undefinedScopes({ scopes: [...rule.scopes], resources, trust, file, at })];
}

function valuesOf(selector: Selector | undefined): readonly string[] {
  return selector === undefined || selector === "any" ? [] : [...selector];
}

const KINDS = {
  client: "client",
  resource: "MCP server",
  idp: "identity provider",
  tools: "list of approved tools",
  policy: "policy",
  admin: "administrator",
  sink: "sink",
} as const;

interface Reference {
  readonly trust: CheckedTrust;
  readonly kind: DocumentKind;
  readonly name: string;
  readonly file: string;
  readonly at: string;
  readonly who: string;
}

function missing({ trust, kind, name, file, at, who }: Reference): readonly Finding[] {
  const known = trust.set[kind];
  if (known.has(name) || mayBeBroken(trust, kind, name) || (kind === "client" && isOfAFamily(name, trust))) return [];
  const meant = findLookAlike(name, known.keys());
  const fix =
    meant === null
      ? `Correct it, remove it, or describe it in ${kind}/: ${who} has no effect there.`
      : `Write "${meant}", which there is: names are compared byte for byte.`;
  return [{ severity: "error", file, at, problem: `there is no ${KINDS[kind]} "${name}"`, fix }];
}

/** A client that a pattern admits, or a family that some client belongs to. */
function isOfAFamily(name: string, { set }: CheckedTrust): boolean {
  const family = new Set([name]);
  return findClientIn(set, name) !== null || [...set.client.keys()].some((id) => selectsClient(family, id));
}

interface NamedScopes {
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly trust: CheckedTrust;
  readonly file: string;
  readonly at: string;
}

/** Harmless, since a scope that nobody defines is never granted; and never what its author meant. */
function undefinedScopes({ scopes, resources, trust, file, at }: NamedScopes): readonly Finding[] {
  const known = resources.flatMap((name) => trust.set.resource.get(name) ?? []);
  // A server that is missing may define any of them, and is reported as missing.
  if (known.length < resources.length || known.length === 0) return [];
  const defined = new Set(known.flatMap((resource) => Object.keys(resource.scopes)));
  return scopes.flatMap((scope, index): Finding[] =>
    defined.has(scope)
      ? []
      : [
          {
            severity: "warning",
            file,
            at: `${at}.${index}`,
            problem: `none of the MCP servers named here defines the scope "${scope}"`,
            fix:
              defined.size === 0
                ? "Remove it, or define it there."
                : `Defined are ${listNames(defined)}: name one of those, or define it there.`,
          },
        ],
  );
}

function findUnmatchedOrganizations(trust: CheckedTrust): readonly Finding[] {
  const { idp, policy } = trust.set;
  const spokenFor = new Set([...idp.values()].flatMap(organizationsOf));
  const mute = [...policy.keys()].filter((organization) => !spokenFor.has(organization));
  return [
    // While a provider's document is broken, nobody can say for whom it speaks.
    ...(isAnyBroken(trust, "idp") ? [] : mute).map((organization) => mutePolicy(organization, trust)),
    ...[...idp.values()].flatMap((one) => unruled(one, trust)),
  ];
}

function mutePolicy(organization: string, { fileOf }: CheckedTrust): Finding {
  return {
    severity: "warning",
    file: fileOf("policy", organization),
    at: "organization",
    problem: `no identity provider speaks for "${organization}", so nobody is ever judged by this policy`,
    fix: `Name it in an identity provider's organization or tenants, or remove the policy.`,
  };
}

function unruled(idp: TrustedIdp, trust: CheckedTrust): readonly Finding[] {
  const without = organizationsOf(idp).filter(
    (organization) => !trust.set.policy.has(organization) && !mayBeBroken(trust, "policy", organization),
  );
  return without.map((organization) => ({
    severity: "warning",
    file: trust.fileOf("idp", idp.issuer),
    at: idp.organization === undefined ? "tenants" : "organization",
    problem: `"${organization}" has no policy, so all its users are refused`,
    fix: `Write policy/${organization}.json, or correct the organization's name.`,
  }));
}

export function organizationsOf({ organization, tenants }: TrustedIdp): readonly string[] {
  return organization === undefined ? [...new Set(Object.values(tenants ?? {}))] : [organization];
}
