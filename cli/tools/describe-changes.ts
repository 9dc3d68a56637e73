import type { JsonObject } from "../../src/jwt/strict-json.ts";
import { describeMemberChanges } from "../diff/member-changes.ts";
import { inert } from "../inert-text.ts";
import type { ServedTool, ToolChanges } from "./tool-changes.ts";

/** Everything that an agent would read, before and after, in full: whoever approves it has to have seen it. */
export function describeToolChanges({ served, gone }: ToolChanges): string {
  const changed = served.filter(({ change }) => change !== "none");
  const blocks = changed.map((tool) => (tool.change === "new" ? describeNew(tool) : describeChanged(tool)));
  const missing = gone.map((name) => `− ${inert(name)}: approved, and the server has it no more\n`);
  const unchanged = served.length - changed.length;
  return [...blocks, ...missing, `${unchanged} as approved, ${changed.length} to look at, ${gone.length} gone\n`].join(
    "\n",
  );
}

function describeNew({ name, definition, fingerprint }: ServedTool): string {
  const { name: _name, ...members } = definition;
  const lines = Object.entries(members).flatMap(([member, value]) => describeValue("+", member, value));
  return [`+ ${inert(name)}: new, ${fingerprint}`, ...lines, ""].join("\n");
}

function describeChanged({ name, definition, approved, fingerprint }: ServedTool): string {
  const head = `~ ${inert(name)}: changed, ${fingerprint}`;
  if (approved === null) {
    const { name: _name, ...members } = definition;
    const lines = Object.entries(members).flatMap(([member, value]) => describeValue("+", member, value));
    return [head, "    what was approved is not in the document, so all of it is shown", ...lines, ""].join("\n");
  }
  const members = [...new Set([...Object.keys(approved), ...Object.keys(definition)])];
  const lines = members.flatMap((member) => describeMember(member, approved[member], definition[member]));
  return [head, ...lines, ""].join("\n");
}

function describeMember(member: string, was: JsonObject[string], is: JsonObject[string]): readonly string[] {
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  if (typeof was === "object" && typeof is === "object")
    return describeMemberChanges({ [member]: was }, { [member]: is }).map((line) => `    ${inert(line)}`);
  return [
    ...(was === undefined ? [] : describeValue("−", member, was)),
    ...(is === undefined ? [] : describeValue("+", member, is)),
  ];
}

function describeValue(sign: string, member: string, value: unknown): readonly string[] {
  if (typeof value !== "string") return [`    ${sign} ${member}: ${inert(JSON.stringify(value))}`];
  const hidden = Array.from(value).filter((char) => inert(char) !== char && char !== "\n").length;
  const [first = "", ...rest] = value.split("\n").map((line) => inert(line));
  return [
    `    ${sign} ${member}: ${first}`,
    ...rest.map((line) => `    ${sign}   ${line}`),
    ...(hidden === 0 ? [] : [`    ! ${member} has ${hidden} characters that nobody sees, shown as \u{fffd}`]),
  ];
}
