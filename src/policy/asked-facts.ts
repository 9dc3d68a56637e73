import { digestParts } from "../jwt/digest.ts";
import { mentions } from "./expression.ts";
import type { Policy, Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { clientMatcher, selects } from "./selector.ts";

/** Who asks, and of which server: what is not asked of them does not go into their token. */
type Asker = Pick<PolicyRequest, "clientId" | "resource">;

/** What the access token says of the person, so that the gateway can ask policy again. */
export interface CarriedFacts {
  readonly groups: readonly string[];
  readonly emailDomain: string | null;
  /** Names what policy asked about; null when it asked about neither groups nor addresses. */
  readonly asked: string | null;
}

interface Asked {
  readonly groups: "any" | ReadonlySet<string>;
  readonly emailDomain: boolean;
}

/**
 * Of the person's groups and email domain only what some rule for this client and server asks about: a token is read by
 * the client, and an agent has no business knowing the rest.
 */
export async function carriedFacts(
  policy: Policy,
  { groups, emailDomain, ...asker }: Asker & Pick<PolicyRequest, "groups" | "emailDomain">,
): Promise<CarriedFacts> {
  const asked = whatIsAsked(policy, asker);
  return {
    groups: [...groups].filter((group) => asked.groups === "any" || asked.groups.has(group)).toSorted(),
    emailDomain: asked.emailDomain ? emailDomain : null,
    asked: await nameAsked(asked),
  };
}

/** @returns the name of what policy asks about now, to compare with what it asked when the token was made. */
export function nameOfAsked(policy: Policy, asker: Asker): Promise<string | null> {
  return nameAsked(whatIsAsked(policy, asker));
}

function whatIsAsked({ rules }: Policy, { clientId, resource }: Asker): Asked {
  const concerning = rules.filter((rule) => clientMatcher(rule.clients)(clientId) && selects(rule.resources, resource));
  const isAny = concerning.some((rule) => looksAt(rule, "groups"));
  const named = concerning.flatMap(({ groups }) => (groups === undefined || groups === "any" ? [] : [...groups]));
  const emailDomain = concerning.some((rule) => rule.email_domains !== undefined || looksAt(rule, "email_domain"));
  return { groups: isAny ? "any" : new Set(named), emailDomain };
}

function looksAt({ condition, calls }: Rule, variable: "groups" | "email_domain"): boolean {
  return [condition, calls?.condition].some((text) => text !== undefined && mentions(text, variable));
}

async function nameAsked({ groups, emailDomain }: Asked): Promise<string | null> {
  if (groups !== "any" && groups.size === 0 && !emailDomain) return null;
  const names = groups === "any" ? ["any"] : ["list", ...[...groups].toSorted()];
  return (await digestParts([emailDomain ? "email" : "", ...names])).slice(0, 16);
}
