import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ApprovedTools } from "../../src/trust/approved-tools.ts";
import { parseTrustDocument } from "../../src/trust/documents.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { membersOf } from "../../src/trust/virtual-server.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { WIDEST_RULES } from "../check/urls.ts";
import { confirm } from "../confirm.ts";
import { fileNameFor } from "../export/file-names.ts";
import { formatDocument } from "../export/format-document.ts";
import { readFileText } from "../input-text.ts";
import { takeDirectory } from "../positional.ts";
import { describeToolChanges } from "../tools/describe-changes.ts";
import { listServerTools, readSavedTools } from "../tools/server-tools.ts";
import { approvedEntries, compareTools, type ToolChanges } from "../tools/tool-changes.ts";
import { readTrustDirectory, type TrustDocument } from "../trust-documents.ts";

const HELP = `Usage: crossgate tools diff <resource> [DIR] [options]
       crossgate tools approve <resource> [DIR] [options]

Compares the tools that an MCP server has now with those that DIR/tools/*.json approves (DIR: config),
and shows in full what agents would read: new tools, and what changed in others. approve asks, and
writes the file; crossgate apply puts it in force. The server is asked at its upstream, from here.

  --header NAME=VARIABLE   send this header, with the value of that environment variable; repeatable
  --from FILE              a saved answer to tools/list, instead of asking
  --only TOOL              approve this tool and leave the others; repeatable
  --fingerprints           write no definitions: for servers whose tools do not fit into one document
  --yes                    do not ask
  --json                   {"resource", "path", "new": […], "changed": […], "gone": […], "unchanged"}
  --help                   this text

Exit codes: 0 done, or nothing differs; diff: 3 when something does; 1 failed, 2 wrong usage. Example:

  npx crossgate tools approve https://mcp.example.com/crm config
`;

const OPTIONS = {
  header: { type: "string", multiple: true, default: [] as string[] },
  from: { type: "string" },
  only: { type: "string", multiple: true, default: [] as string[] },
  fingerprints: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

const CHANGES = 3;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [action, resource, ...rest] = positionals;
  if ((action !== "diff" && action !== "approve") || resource === undefined)
    throw new UsageError("Say: crossgate tools diff <resource>, or tools approve <resource>.");
  const { upstream, approved, path } = await readTrust(takeDirectory(rest), resource);
  const listed =
    values.from === undefined
      ? await listServerTools({ url: upstream, headers: readHeaders(values.header) })
      : readSavedTools(await readFileText(values.from));
  const changes = await compareTools(listed, approved);
  requireListed(values.only, changes);
  process.stdout.write(values.json ? toJson(resource, path, changes) : describeToolChanges(changes));
  const differs = changes.gone.length > 0 || changes.served.some(({ change }) => change !== "none");
  if (action === "diff") process.exitCode = differs ? CHANGES : 0;
  else if (differs) await approve({ resource, path, approved, changes }, values);
}

interface Approval {
  readonly resource: string;
  readonly path: string;
  readonly approved: ApprovedTools["tools"];
  readonly changes: ToolChanges;
}

async function approve(
  { resource, path, approved, changes }: Approval,
  {
    only,
    yes,
    fingerprints,
  }: { readonly only: readonly string[]; readonly yes: boolean; readonly fingerprints: boolean },
): Promise<void> {
  const isChosen = (name: string): boolean => only.length === 0 || only.includes(name);
  const tools = approvedEntries(changes, approved, { isChosen, withDefinitions: !fingerprints });
  const text = formatDocument("tools", { resource, tools });
  // What the Worker would refuse is not written either.
  parseTrustDocument("tools", { name: resource, text }, WIDEST_RULES);
  if (!yes && !(await confirm(`Approve this in ${path}?`))) throw new CommandError("Nothing was written.");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  process.stderr.write(`wrote ${path}; put it in force with: npx crossgate apply\n`);
}

interface Trust {
  readonly upstream: string;
  readonly approved: ApprovedTools["tools"];
  readonly path: string;
}

/** @throws CommandError when the server is not described there, or its files do not parse */
async function readTrust(directory: string, resource: string): Promise<Trust> {
  const { documents, problems } = await readTrustDirectory(directory, WIDEST_RULES);
  const find = (kind: string): TrustDocument | undefined => documents.find(({ key }) => key === `${kind}:${resource}`);
  const [server, tools] = [find("resource"), find("tools")];
  if (server === undefined) {
    const flaws = problems.map(({ message }) => message);
    throw new CommandError([`No document in ${directory}/resource/ describes ${resource}.`, ...flaws].join("\n"));
  }
  const { upstream, virtual } = parseTrustDocument("resource", { name: resource, text: server.value }, WIDEST_RULES);
  if (virtual !== undefined) {
    const members = membersOf(virtual).join(", ");
    throw new CommandError(
      `${resource} is a virtual server: its tools are approved at those that have them: ${members}.`,
    );
  }
  const path = tools?.path ?? join(directory, "tools", fileNameFor(`tools:${resource}`));
  if (tools === undefined) {
    const flaw = problems.find((problem) => problem.path === path);
    if (flaw !== undefined) throw new CommandError(`${flaw.message}. Mend it, or remove it first.`);
    return { upstream, approved: [], path };
  }
  const approved = parseTrustDocument("tools", { name: resource, text: tools.value }, WIDEST_RULES).tools;
  return { upstream, approved, path };
}

/** From the environment, so that no secret is in a list of processes or a shell's history. */
function readHeaders(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, variable] = /^([A-Za-z0-9-]+)=([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? [];
      const value = variable === undefined ? undefined : process.env[variable];
      if (name !== undefined && value !== undefined) return [name.toLowerCase(), value];
      const flaw = name === undefined ? "write NAME=VARIABLE" : `the environment has no ${variable ?? ""}`;
      throw new UsageError(`--header: ${flaw}, as in --header authorization=UPSTREAM_AUTHORIZATION.`);
    }),
  );
}

function requireListed(only: readonly string[], { served, gone }: ToolChanges): void {
  const names = new Set([...served.map(({ name }) => name), ...gone]);
  const unknown = only.find((name) => !names.has(name));
  if (unknown !== undefined)
    throw new CommandError(`--only ${unknown}: the server has no such tool, and none is approved.`);
}

function toJson(resource: string, path: string, { served, gone }: ToolChanges): string {
  const of = (change: string) =>
    served
      .filter((tool) => tool.change === change)
      .map(({ name, fingerprint, definition, approved }) => ({ name, fingerprint, definition, approved }));
  const unchanged = served.filter(({ change }) => change === "none").length;
  return `${JSON.stringify({ resource, path, new: of("new"), changed: of("changed"), gone, unchanged })}\n`;
}

export const command: Command = { help: HELP, run };
