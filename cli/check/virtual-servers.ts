import type { ProtectedResource, VirtualServer } from "../../src/trust/protected-resource.ts";
import { membersOf, type PublishedTool } from "../../src/trust/virtual-server.ts";
import { type CheckedTrust, mayBeBroken } from "./checked-trust.ts";
import type { Finding } from "./finding.ts";
import { findLookAlike } from "./look-alikes.ts";

type Flaw = Pick<Finding, "severity" | "problem" | "fix">;

/** Tools that are taken from where they cannot be had, and words about tools that nobody publishes. */
export function findVirtualFlaws(trust: CheckedTrust): readonly Finding[] {
  return [...trust.set.resource.values()].flatMap((resource) =>
    resource.virtual === undefined ? [] : [...ofMembers(resource, trust), ...ofScopes(resource, trust)],
  );
}

/** Each member once, at the first tool that is taken from it. */
function ofMembers(server: VirtualServer, trust: CheckedTrust): readonly Finding[] {
  const file = trust.fileOf("resource", server.resource);
  const tools = Object.entries(server.virtual.tools);
  const members = membersOf(server.virtual).flatMap((name): readonly Finding[] => {
    const flaw = flawOf(name, server, trust);
    const [first] = tools.find(([, tool]) => tool.server === name) ?? [];
    return flaw === null ? [] : [{ ...flaw, file, at: `virtual.tools.${first}.server` }];
  });
  const unapproved = tools.flatMap(([name, tool]): readonly Finding[] => {
    const flaw = approvalFlawOf(tool, trust);
    return flaw === null ? [] : [{ ...flaw, file, at: `virtual.tools.${name}.tool` }];
  });
  return [...members, ...unapproved];
}

/** Errors: the gateway refuses every call of the tools that are meant. */
function flawOf(name: string, server: VirtualServer, trust: CheckedTrust): Flaw | null {
  const member = trust.set.resource.get(name);
  if (member === undefined) return mayBeBroken(trust, "resource", name) ? null : absent(name, trust);
  if (member.virtual !== undefined) {
    const fix = "Name the server that it takes the tool from.";
    return { severity: "error", problem: `"${name}" is a virtual server itself`, fix };
  }
  return ownerFlawOf(member, server) ?? keyFlawOf(member, server) ?? enabledFlawOf(member);
}

function absent(name: string, { set }: CheckedTrust): Flaw {
  const meant = findLookAlike(name, set.resource.keys());
  const fix =
    meant === null
      ? "Correct it, or describe it in resource/: its tools cannot be called."
      : `Write "${meant}", which there is: names are compared byte for byte.`;
  return { severity: "error", problem: `there is no MCP server "${name}"`, fix };
}

function ownerFlawOf(member: ProtectedResource, { owner }: VirtualServer): Flaw | null {
  if (member.owner === owner) return null;
  const problem = `"${member.resource}" has another owner, and tools are published for one owner alone`;
  return { severity: "error", problem, fix: "State the same owner in both documents, or in neither." };
}

function keyFlawOf(member: ProtectedResource, server: VirtualServer): Flaw | null {
  if (!member.dpop_required || server.dpop_required) return null;
  const problem = `"${member.resource}" takes calls by key-bound tokens alone, and tokens for this server need not be`;
  return { severity: "error", problem, fix: "Set dpop_required here too." };
}

function enabledFlawOf({ resource, enabled }: ProtectedResource): Flaw | null {
  if (enabled) return null;
  const fix = "Enable it, or take its tools out.";
  return { severity: "warning", problem: `"${resource}" is disabled, so its tools are missing here`, fix };
}

function approvalFlawOf({ server, tool }: PublishedTool, { set }: CheckedTrust): Flaw | null {
  const approved = set.tools.get(server)?.tools;
  if (set.resource.get(server)?.tool_approval !== "hold_back" || approved === undefined) return null;
  if (approved.some(({ name }) => name === tool)) return null;
  const fix = `Approve it there: npx crossgate tools approve ${server} --only ${tool}.`;
  return { severity: "warning", problem: `nobody has approved the tool "${tool}" of "${server}"`, fix };
}

function ofScopes({ resource, scopes, virtual }: VirtualServer, trust: CheckedTrust): readonly Finding[] {
  const file = trust.fileOf("resource", resource);
  return Object.entries(scopes).flatMap(([scope, meaning]) =>
    meaning.tools.flatMap((name, index): readonly Finding[] => {
      if (Object.hasOwn(virtual.tools, name)) return [];
      const meant = findLookAlike(name, Object.keys(virtual.tools));
      const fix = meant === null ? "Correct it, or publish it under virtual." : `Write "${meant}", which is published.`;
      const at = `scopes.${scope}.tools.${index}`;
      return [{ severity: "warning", file, at, problem: `no tool "${name}" is published here`, fix }];
    }),
  );
}
