import { findMismatches } from "../../src/trust/approved-tools.ts";
import { type CheckedTrust, mayBeBroken } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";

/** Approvals that approve nothing, and servers that wait for some. */
export async function findApprovalFlaws(trust: CheckedTrust): Promise<readonly Finding[]> {
  const { tools } = trust.set;
  const mismatches = await Promise.all([...tools.values()].map((document) => findMismatched(document, trust)));
  return [...mismatches.flat(), ...findStrangers(trust), ...findWaiting(trust)];
}

type Approved = CheckedTrust["set"]["tools"] extends ReadonlyMap<string, infer Document> ? Document : never;

async function findMismatched(document: Approved, { fileOf }: CheckedTrust): Promise<readonly Finding[]> {
  const mismatches = await findMismatches(document);
  return mismatches.map((index) => ({
    severity: "error",
    file: fileOf("tools", document.resource),
    at: `tools.${index}.fingerprint`,
    problem: "is not that of the definition beside it, so that it approves nothing",
    fix: `Approve the tool anew: npx crossgate tools approve ${document.resource}.`,
  }));
}

function findStrangers(trust: CheckedTrust): readonly Finding[] {
  const { tools, resource } = trust.set;
  return [...tools.keys()]
    .filter((name) => !resource.has(name) && !mayBeBroken(trust, "resource", name))
    .map((name) => ({
      severity: "error",
      file: trust.fileOf("tools", name),
      at: "resource",
      problem: `there is no MCP server "${name}"`,
      fix: "Correct it, or describe it in resource/: names are compared byte for byte.",
    }));
}

function findWaiting(trust: CheckedTrust): readonly Finding[] {
  const { tools, resource } = trust.set;
  return [...resource.values()]
    .filter(({ resource: name, tool_approval: approval }) => approval === "hold_back" && !tools.has(name))
    .filter(({ resource: name }) => !mayBeBroken(trust, "tools", name))
    .map(({ resource: name }) => ({
      severity: "warning",
      file: trust.fileOf("resource", name),
      at: "tool_approval",
      problem: "none of its tools is approved, so that it shows none",
      fix: `Approve them: npx crossgate tools approve ${name}.`,
    }));
}
