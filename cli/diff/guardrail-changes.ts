import { isDeepStrictEqual } from "node:util";
import type { Guardrail } from "../../src/trust/guardrail.ts";
import type { TrustSet } from "../trust-set.ts";
import { describeMemberChanges } from "./member-changes.ts";

/** What looks at the calls of everybody at one server, and looked otherwise before. */
export interface GuardrailChange {
  readonly change: "stricter" | "looser" | "changes";
  readonly resource: string;
  readonly guardrail: string;
  readonly note: string;
}

export function findGuardrailChanges({
  before,
  after,
}: Readonly<Record<"before" | "after", TrustSet>>): readonly GuardrailChange[] {
  const resources = [...before.resource.keys()].filter((name) => after.resource.has(name));
  return resources.toSorted().flatMap((resource) => {
    const [was, is] = [guardrailsOf(before, resource), guardrailsOf(after, resource)];
    const changes = [...new Set([...was.keys(), ...is.keys()])].flatMap((name) =>
      changeOf(was.get(name), is.get(name)),
    );
    return [...changes, ...orderChange(was, is)].map((change) => ({ resource, ...change }));
  });
}

function guardrailsOf({ resource }: TrustSet, name: string): ReadonlyMap<string, Guardrail> {
  return new Map((resource.get(name)?.guardrails ?? []).map((one) => [one.name, one]));
}

type Change = Omit<GuardrailChange, "resource">;

function changeOf(was: Guardrail | undefined, is: Guardrail | undefined): readonly Change[] {
  if (was === undefined) {
    return is === undefined
      ? []
      : [{ change: "stricter", guardrail: is.name, note: `from now on it looks at every call: ${describe(is)}` }];
  }
  if (is === undefined) return [{ change: "looser", guardrail: was.name, note: `no longer looks: ${describe(was)}` }];
  if (isDeepStrictEqual(was, is)) return [];
  return [{ change: "changes", guardrail: is.name, note: describeMemberChanges(was, is).join("; ") }];
}

/** What one redacts, the next does not see. */
function orderChange(was: ReadonlyMap<string, Guardrail>, is: ReadonlyMap<string, Guardrail>): readonly Change[] {
  const [before, now] = [
    [...was.keys()].filter((name) => is.has(name)),
    [...is.keys()].filter((name) => was.has(name)),
  ];
  if (isDeepStrictEqual(before, now)) return [];
  return [{ change: "changes", guardrail: now.join(", "), note: `in this order; so far ${before.join(", ")}` }];
}

function describe(guardrail: Guardrail): string {
  const action = "action" in guardrail ? `, ${guardrail.action}` : "";
  const when = "when" in guardrail ? `, ${guardrail.when}` : "";
  return `${guardrail.type}${action}${when}`;
}
