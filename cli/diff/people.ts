import type { Rule } from "../../src/policy/policy.ts";
import type { TrustedIdp } from "../../src/trust/trusted-idp.ts";
import type { TrustSet } from "../trust-set.ts";
import type { Person } from "./access.ts";

/** One way in which policy tells people apart, and a representative of each kind that it tells apart. */
export interface Dimension {
  readonly name: string;
  readonly kinds: readonly Kind[];
}

export interface Kind {
  readonly person: Partial<Person>;
  /** In words, as it follows "people …". */
  readonly words: string;
}

const NOBODY_NAMED: Person = {
  issuer: "",
  tenant: null,
  subject: "(a subject that no rule names)",
  group: null,
  emailDomain: null,
  actor: null,
  amr: null,
  acr: null,
  isFreshlySignedIn: true,
  isKeyBound: true,
};

export function personOf(kinds: readonly Kind[]): Person {
  return Object.assign({}, NOBODY_NAMED, ...kinds.map(({ person }) => person)) as Person;
}

/**
 * Everything that these rules can tell people apart by. Values that each rule treats alike are one kind, which loses
 * nothing: ten thousand members of one list decide as one does. Expressions look deeper, so what they quote is a kind.
 */
export function findDimensions(rules: readonly Rule[], sets: readonly TrustSet[], organization: string): Dimension[] {
  const listed = LISTS.map(({ member, property, named, other }) => ({
    name: member,
    kinds: [
      { person: {}, words: other },
      ...kindsOf(rules, member).map((values) => ({
        person: { [property]: values[0] } as Partial<Person>,
        words: `${named} ${andMore(values)}`,
      })),
    ],
  }));
  const all = [signIns(sets, organization), ...listed, ...authenticationOf(rules), ...keyBindingOf(rules, sets)];
  return all.filter(({ kinds }) => kinds.length > 1 || kinds.some(({ person }) => "issuer" in person));
}

/** Member of a rule, what it is of a person, and how to speak of those it names and of the others. */
const LISTS = [
  { member: "subjects", property: "subject", named: "with the subject", other: "with any other subject" },
  { member: "groups", property: "group", named: "in the group", other: "in none of the groups that rules name" },
  { member: "email_domains", property: "emailDomain", named: "with an address at", other: "with any other address" },
  { member: "actors", property: "actor", named: "for whom acts", other: "for whom no named actor acts" },
  { member: "amr", property: "amr", named: "who signed in by", other: "who signed in otherwise" },
] as const satisfies readonly { member: keyof Rule; property: keyof Person; named: string; other: string }[];

type ListMember = (typeof LISTS)[number]["member"];

function kindsOf(rules: readonly Rule[], member: ListMember): readonly (readonly string[])[] {
  const quoted = new Set(rules.flatMap(({ condition }) => quotedIn(condition, VARIABLES[member])));
  const values = new Set([...rules.flatMap((rule) => valuesOf(rule, member)), ...quoted]);
  const treatment = (value: string): string =>
    [...rules.map((rule) => (has(rule, member, value) ? "1" : "0")), quoted.has(value) ? value : ""].join("");
  return [...Map.groupBy([...values].toSorted(), treatment).values()];
}

function valuesOf(rule: Rule, member: ListMember): readonly string[] {
  const selector = rule[member];
  return selector === undefined || selector === "any" ? [] : [...selector];
}

function has(rule: Rule, member: ListMember, value: string): boolean {
  const selector = rule[member];
  return selector !== undefined && selector !== "any" && selector.has(value);
}

/** What an expression calls it. */
const VARIABLES: Record<ListMember, string> = {
  subjects: "subject",
  groups: "groups",
  email_domains: "email_domain",
  actors: "actor",
  amr: "amr",
};

function quotedIn(condition: string | undefined, variable: string): readonly string[] {
  if (condition === undefined || !new RegExp(`\\b${variable}\\b`).test(condition)) return [];
  return [...condition.matchAll(/"([^"\\]+)"|'([^'\\]+)'/g)].map(([, double, single]) => double ?? single ?? "");
}

const MOST_NAMES = 3;

function andMore(values: readonly string[]): string {
  const shown = values.slice(0, MOST_NAMES).map((value) => `"${value}"`);
  const hidden = values.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`one of ${hidden} more that the rules treat alike`] : [])].join(" or ");
}

function signIns(sets: readonly TrustSet[], organization: string): Dimension {
  const pairs = sets.flatMap(({ idp }) => [...idp.values()].flatMap((one) => signInsAt(one, organization)));
  const distinct = new Map(pairs.map((pair) => [JSON.stringify(pair), pair]));
  const kinds = [...distinct.values()].map(({ issuer, tenant }) => ({
    person: { issuer, tenant },
    words: tenant === null ? `of ${issuer}` : `of ${issuer}, tenant "${tenant}"`,
  }));
  return { name: "issuers", kinds };
}

interface SignIn {
  readonly issuer: string;
  readonly tenant: string | null;
}

function signInsAt({ issuer, organization: only, tenants }: TrustedIdp, organization: string): readonly SignIn[] {
  if (tenants === undefined) return only === organization ? [{ issuer, tenant: null }] : [];
  const bound = Object.keys(tenants).filter((tenant) => tenants[tenant] === organization);
  return bound.map((tenant) => ({ issuer, tenant }));
}

function authenticationOf(rules: readonly Rule[]): readonly Dimension[] {
  const permits = rules.filter((rule) => rule.effect === "permit");
  const quoted = rules.flatMap(({ condition }) => quotedIn(condition, "acr"));
  const classes = [...new Set([...permits.flatMap(({ acr = [] }) => acr), ...quoted])];
  const acr = [
    { person: {}, words: "whose sign-in states no acr that rules name" },
    ...classes.map((value) => ({ person: { acr: value }, words: `whose sign-in states acr "${value}"` })),
  ];
  const hasAge = permits.some((rule) => rule.maximum_authentication_age_seconds !== undefined);
  const age = [
    { person: { isFreshlySignedIn: true }, words: "who have just signed in" },
    ...(hasAge
      ? [{ person: { isFreshlySignedIn: false }, words: "whose sign-in is too old or without auth_time" }]
      : []),
  ];
  return [
    { name: "acr", kinds: acr },
    { name: "age", kinds: age },
  ];
}

function keyBindingOf(rules: readonly Rule[], sets: readonly TrustSet[]): readonly Dimension[] {
  const isRequired =
    rules.some((rule) => rule.effect === "permit" && rule.dpop_required) ||
    sets.some(({ client, resource }) => [...client.values(), ...resource.values()].some((one) => one.dpop_required));
  const kinds = [
    { person: { isKeyBound: true }, words: "whose client proves a key" },
    { person: { isKeyBound: false }, words: "whose client proves no key" },
  ];
  return [{ name: "dpop", kinds: isRequired ? kinds : kinds.slice(0, 1) }];
}
