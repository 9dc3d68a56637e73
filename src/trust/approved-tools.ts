import * as z from "zod";
import type { JsonObject } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { fingerprintTool } from "./tool-definition.ts";

const approvedToolSchema = z
  .strictObject({
    name: z.string().min(1).max(LIMITS.identifierBytes),
    fingerprint: z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/, "as crossgate tools approve writes it"),
    /** What was approved, for people to read and compare; without it only the fingerprint is known. */
    definition: z.looseObject({ name: z.string() }).optional(),
  })
  .refine(({ name, definition }) => definition === undefined || definition.name === name, {
    path: ["definition", "name"],
    message: "differs from the name beside it",
  });

/**
 * The tools of one MCP server as people have approved them. A tool may stand there more than once: while a server is
 * being replaced, its old and its new definition are both good.
 */
export const approvedToolsSchema = z.strictObject({
  $schema: z.string().optional(),
  resource: z.string().min(1).max(LIMITS.urlBytes),
  tools: z.array(approvedToolSchema).max(LIMITS.listItems),
});

export type ApprovedTools = z.output<typeof approvedToolsSchema>;

/** By name and fingerprint: the definition where it is stated, or else null. */
export type ApprovedDefinitions = ReadonlyMap<string, ReadonlyMap<string, JsonObject | null>>;

const known = new WeakMap<ApprovedTools, ApprovedDefinitions>();

/** An entry whose definition is not what its fingerprint says approves nothing: who read the one did not mean the other. */
export async function readApproved(document: ApprovedTools): Promise<ApprovedDefinitions> {
  const read = known.get(document);
  if (read !== undefined) return read;
  const approved = new Map<string, Map<string, JsonObject | null>>();
  const flawed = new Set(await findMismatches(document));
  document.tools.forEach(({ name, fingerprint, definition }, index) => {
    if (flawed.has(index)) return;
    const fingerprints = approved.get(name) ?? new Map<string, JsonObject | null>();
    approved.set(name, fingerprints.set(fingerprint, (definition ?? null) as JsonObject | null));
  });
  known.set(document, approved);
  return approved;
}

/** @returns the indices of entries whose fingerprint is not that of their definition. */
export async function findMismatches({ tools }: ApprovedTools): Promise<readonly number[]> {
  const computed = await Promise.all(
    tools.map(async ({ definition }) => (definition === undefined ? null : fingerprintTool(definition as JsonObject))),
  );
  return tools.flatMap(({ fingerprint }, index) =>
    computed[index] === null || computed[index] === fingerprint ? [] : [index],
  );
}
