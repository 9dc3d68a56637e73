import type { Rule } from "./policy.ts";
import type { PolicyRequest } from "./policy-request.ts";
import { isFamily, type Selector } from "./selector.ts";

/** Members that a rule is filed by, the most telling first. */
const FILED_BY = ["subjects", "groups", "clients", "resources"] as const satisfies readonly (keyof Rule)[];
type FiledBy = (typeof FILED_BY)[number];

/** What the rules are looked up by. */
export type Inquiry = Pick<PolicyRequest, "subject" | "groups" | "clientId" | "resource">;

/**
 * Which rules a request can meet at all, so that a policy of a thousand rules costs a decision no more than one of ten. A
 * rule is filed under each name in the first of these members that it lists names in; one that lists none is everybody's.
 * What is left out would have said no at that very member, so leaving it out never changes an answer.
 */
export class RuleIndex<Compiled extends { readonly rule: Rule }> {
  readonly #filed: Readonly<Record<FiledBy, Map<string, Compiled[]>>>;
  readonly #byGroups: Compiled[] = [];
  readonly #everybodys: Compiled[] = [];

  constructor(rules: readonly Compiled[]) {
    this.#filed = { subjects: new Map(), groups: new Map(), clients: new Map(), resources: new Map() };
    for (const compiled of rules) this.#file(compiled);
  }

  /** @param isFactsComplete false where the request does not tell all groups: then no rule is left out for want of one */
  candidates({ subject, groups, clientId, resource }: Inquiry, isFactsComplete = true): readonly Compiled[] {
    const { subjects, clients, resources } = this.#filed;
    return [
      ...this.#everybodys,
      ...(subjects.get(subject) ?? []),
      ...(isFactsComplete ? this.#ofGroups(groups) : this.#byGroups),
      ...(clients.get(clientId) ?? []),
      ...(resources.get(resource) ?? []),
    ];
  }

  /** Each once, though the person be in several of its groups. */
  #ofGroups(groups: ReadonlySet<string>): Iterable<Compiled> {
    const { groups: filed } = this.#filed;
    if (filed.size === 0) return [];
    return new Set([...groups].flatMap((group) => filed.get(group) ?? []));
  }

  #file(compiled: Compiled): void {
    const by = FILED_BY.find((member) => listsNames(member, compiled.rule[member]));
    if (by === undefined) {
      this.#everybodys.push(compiled);
      return;
    }
    if (by === "groups") this.#byGroups.push(compiled);
    for (const name of compiled.rule[by] ?? []) fileUnder(this.#filed[by], name, compiled);
  }
}

/** A family of clients is not found under the name of one of them. */
function listsNames(member: FiledBy, selector: Selector | undefined): boolean {
  if (selector === undefined || selector === "any") return false;
  return member !== "clients" || ![...selector].some(isFamily);
}

export function fileUnder<Compiled>(index: Map<string, Compiled[]>, name: string, compiled: Compiled): void {
  const filed = index.get(name);
  if (filed === undefined) index.set(name, [compiled]);
  else filed.push(compiled);
}
