import { COMPANIONS } from "../test/requirements/companions.ts";
import { ID_JAG } from "../test/requirements/id-jag.ts";
import { MCP } from "../test/requirements/mcp.ts";
import { findProofs } from "../test/project/requirement-proofs.ts";
import type { Requirement } from "../test/requirements/requirement.ts";

type Proofs = Awaited<ReturnType<typeof findProofs>>;

const GROUPS: ReadonlyMap<string, readonly Requirement[]> = new Map([
  ["ID-JAG (Cross App Access)", ID_JAG],
  ["MCP: Enterprise-Managed Authorization, authorization, transport; the gateway", MCP],
  ["RFCs and drafts that these stand on", COMPANIONS],
]);

/** The README's summary of what the specifications ask, who keeps it, and what is proved by a test. */
export async function requirementTable(): Promise<string> {
  const proofs = await findProofs();
  const rows = [...GROUPS].map(
    ([name, requirements]) => `| ${[name, ...countsOf(requirements, proofs)].join(" | ")} |`,
  );
  return [
    "| from | requirements | ours | of them proved by tests | not ours, or not offered |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function countsOf(requirements: readonly Requirement[], proofs: Proofs): readonly number[] {
  const ours = requirements.filter(({ excluded }) => excluded === null);
  const proved = ours.filter(({ id }) => proofs.has(id));
  return [requirements.length, ours.length, proved.length, requirements.length - ours.length];
}
