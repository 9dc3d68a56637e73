import * as z from "zod";
import { approvalSchema } from "../../src/admin/routes/approvals.ts";
import { organizationOf } from "../../src/approval/approval-id.ts";
import { organizationSchema } from "../../src/policy/organization.ts";
import { describeApproval, toApprovalLine } from "../approval/describe-approval.ts";
import type { AdminClient } from "../backend/admin-client.ts";
import { BACKEND_OPTIONS, chooseBackend, openAdminClient } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { confirm } from "../confirm.ts";
import { localApproverKeyPath } from "../running-dev.ts";

const HELP = `Usage: crossgate approval <list ORGANIZATION | show ID | approve ID | deny ID> [options]

Calls that a rule of the policy holds for a person ("approval"). Whoever decides has an admin: document of
the role approver that says which subjects he is, and is named by the rule; nobody decides about a call of
his own. An approval is good for one call, with the very arguments that it was asked for.

  list ORGANIZATION  what waits, the oldest first
  show ID            who asks, through which agent, for which tool; the arguments where the rule shows them
  approve ID         shows it, asks (y/N) and lets that one call through
  deny ID            the same, and refuses it

  --yes          approve, deny: without asking
  --state DIR    of the Crossgate that runs on this state (default: .crossgate/state), as its own approver
  --url URL      of a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --json         {"approvals": […]}, or the one approval; approve and deny then want --yes
  --help         this text

Exit codes: 0 done, 1 failed or refused, 2 wrong usage. Example:

  npx crossgate approval list acme --url https://mcp.example.com --key boss.admin-key.json
  npx crossgate approval approve acme~c3RhcmVkIGF0IHRoaXMgaQ --url https://mcp.example.com --key boss.admin-key.json
`;

const FLAG = { type: "boolean", default: false } as const;
const OPTIONS = { ...BACKEND_OPTIONS, yes: FLAG, json: FLAG } as const;

interface Asked {
  readonly client: AdminClient;
  readonly word: string;
  readonly asJson: boolean;
  readonly asksFirst: boolean;
}

const ACTIONS: ReadonlyMap<string, (asked: Asked) => Promise<void>> = new Map([
  ["list", list],
  ["show", show],
  ["approve", (asked: Asked) => decide(asked, "approved")],
  ["deny", (asked: Asked) => decide(asked, "denied")],
]);

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [verb = "", word = "", ...surplus] = positionals;
  const action = ACTIONS.get(verb);
  if (action === undefined) throw new UsageError(`approval ${verb}: say one of ${[...ACTIONS.keys()].join(", ")}.`);
  requireWord(verb, word, surplus);
  const isDecision = verb === "approve" || verb === "deny";
  if (isDecision && values.json && !values.yes) throw new UsageError("--json asks nothing: give --yes along with it.");
  if (!isDecision && values.yes) throw new UsageError(`--yes says nothing to approval ${verb}.`);
  const client = await openAdminClient(chooseBackend(values), localApproverKeyPath);
  await action({ client, word, asJson: values.json, asksFirst: !values.yes });
}

function requireWord(verb: string, word: string, surplus: readonly string[]): void {
  const usage = `Say: crossgate approval ${verb} ${verb === "list" ? "ORGANIZATION" : "ID"}.`;
  const fits = verb === "list" ? organizationSchema.safeParse(word).success : organizationOf(word) !== null;
  if (surplus.length > 0 || !fits) throw new UsageError(word === "" ? usage : `"${word}" is none. ${usage}`);
}

async function list({ client, word, asJson }: Asked): Promise<void> {
  const path = `/approvals?organization=${encodeURIComponent(word)}`;
  const answer = await client.ask({ method: "GET", path }, z.object({ approvals: z.array(approvalSchema) }));
  const lines = answer.approvals.map((approval) => `${toApprovalLine(approval)}\n`).join("");
  process.stdout.write(asJson ? `${JSON.stringify(answer)}\n` : lines || `Nothing waits for approval at ${word}.\n`);
}

async function show({ client, word, asJson }: Asked): Promise<void> {
  const approval = await client.ask({ method: "GET", path: pathOf(word) }, approvalSchema);
  process.stdout.write(asJson ? `${JSON.stringify(approval)}\n` : describeApproval(approval));
}

async function decide(asked: Asked, verdict: "approved" | "denied"): Promise<void> {
  const { client, word, asJson, asksFirst } = asked;
  if (asksFirst) {
    await show({ ...asked, asJson: false });
    const question = verdict === "approved" ? "Let this one call through?" : "Refuse this call?";
    if (!(await confirm(question))) throw new CommandError("Declined: nothing was decided.");
  }
  const request = { method: "POST", path: `${pathOf(word)}/decision`, body: JSON.stringify({ verdict }) } as const;
  const approval = await client.ask(request, approvalSchema);
  const what = verdict === "approved" ? "approved: the call goes through when its agent tries again," : "denied";
  process.stdout.write(asJson ? `${JSON.stringify(approval)}\n` : `${word}  ${what} until ${approval.expires_at}\n`);
}

function pathOf(id: string): string {
  return `/approvals/${encodeURIComponent(id)}`;
}

export const command: Command = { help: HELP, run };
