import { spellCanonically } from "../../src/jwt/canonical-json.ts";
import type { JsonObject } from "../../src/jwt/strict-json.ts";
import type { ApprovedTools } from "../../src/trust/approved-tools.ts";
import { fingerprintTool, pinnedMembersOf } from "../../src/trust/tool-definition.ts";
import { CommandError } from "../command-error.ts";

type Entry = ApprovedTools["tools"][number];

/** A tool as its server defines it, beside what was approved under its name. */
export interface ServedTool {
  readonly name: string;
  readonly fingerprint: string;
  readonly definition: JsonObject;
  /** False where a number of it is one that no double holds: a document cannot state it, and states the fingerprint alone. */
  readonly isStatable: boolean;
  readonly change: "none" | "new" | "changed";
  /** The definition that was approved last, where the document states it. */
  readonly approved: JsonObject | null;
}

export interface ToolChanges {
  readonly served: readonly ServedTool[];
  /** Approved, and in the server's list no more. */
  readonly gone: readonly string[];
}

/** @throws CommandError when the server has two definitions under one name */
export async function compareTools(listed: readonly JsonObject[], approved: readonly Entry[]): Promise<ToolChanges> {
  const served = await Promise.all(listed.map((tool) => compareTool(tool, approved)));
  const byName = Map.groupBy(served, ({ name }) => name);
  for (const [name, tools] of byName) {
    if (new Set(tools.map(({ fingerprint }) => fingerprint)).size > 1)
      throw new CommandError(
        `The server lists ${JSON.stringify(name)} twice, with two definitions; no approval could say which.`,
      );
  }
  const gone = [...new Set(approved.map(({ name }) => name))].filter((name) => !byName.has(name));
  return { served: [...byName.values()].flatMap(([tool]) => (tool === undefined ? [] : [tool])), gone };
}

async function compareTool(tool: JsonObject, approved: readonly Entry[]): Promise<ServedTool> {
  const name = tool["name"] as string;
  const fingerprint = await fingerprintTool(tool);
  const entries = approved.filter((entry) => entry.name === name);
  const isApproved = entries.some((entry) => entry.fingerprint === fingerprint);
  const unapproved = entries.length === 0 ? "new" : "changed";
  const definition = plain(pinnedMembersOf(tool));
  return {
    name,
    fingerprint,
    definition,
    isStatable: (await fingerprintTool(definition)) === fingerprint,
    change: isApproved ? "none" : unapproved,
    approved: (entries.at(-1)?.definition as JsonObject | undefined) ?? null,
  };
}

/** As a document holds it. */
function plain(definition: JsonObject): JsonObject {
  return JSON.parse(spellCanonically(definition)) as JsonObject;
}

/**
 * The entries of the document once these tools are approved: one a tool, in the order of their names, so that a review
 * shows what changed and nothing else. What the server has no more is left out, and what was not chosen stays.
 */
export function approvedEntries(
  { served, gone }: ToolChanges,
  before: readonly Entry[],
  choice: { readonly isChosen: (name: string) => boolean; readonly withDefinitions: boolean },
): readonly Entry[] {
  const chosen = served.filter(({ name, change }) => change !== "none" && choice.isChosen(name));
  const replaced = new Set([...chosen.map(({ name }) => name), ...gone.filter((name) => choice.isChosen(name))]);
  const kept = before.filter(({ name }) => !replaced.has(name));
  const added = chosen.map((tool) => entryOf(tool, choice.withDefinitions));
  return [...kept, ...added].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function entryOf({ name, fingerprint, definition, isStatable }: ServedTool, withDefinition: boolean): Entry {
  const stated = withDefinition && isStatable ? { definition: definition as NonNullable<Entry["definition"]> } : {};
  return { name, fingerprint, ...stated };
}
