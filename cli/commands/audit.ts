import { readFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { type Verdict, verifyArchive } from "../../src/audit/verify-archive.ts";
import { type Search, SEARCH_MEMBERS, SearchInvalid, type SearchMember } from "../../src/audit/search-records.ts";
import { exportArchive, openArchiveDirectory } from "../audit/archive-directory.ts";
import { exportDeployment } from "../audit/deployed-archive.ts";
import { FollowedRecords } from "../audit/followed-records.ts";
import { CSV_HEADER, type FoundEvent, toCsv, toLine } from "../audit/print-events.ts";
import { BACKEND_OPTIONS, chooseBackend, openAdminClient, withBackend } from "../backend/open-backend.ts";
import type { TrustBackend } from "../backend/trust-backend.ts";
import { type Command, parseCommandLine, parseWholeNumber } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";

const HELP = `Usage: crossgate audit <search|verify|export> [options]

  search              recorded decisions, newest first
    --organization, --subject, --client, --resource, --tool, --decision, --reason, --type, --issuer TEXT
                      exactly this
    --text WORDS      these words anywhere in the record; a word that ends in * is a beginning
    --from, --to TIME from a time (included) to a time (excluded): 2026-11-21 or 2026-11-21T08:00:00Z
    --limit N         so many (default 50, at most 1000)
    --before PLACE    the next page: the place that the last one ended with (on standard error)
    --follow          go on with what arrives, until interrupted
    --json, --csv     one JSON object a line, or CSV, instead of lines for people
  verify --offline DIR --evidence FILE
                      whether an exported archive is what was signed: any edit, deletion, reordering,
                      truncation or fork, and where. FILE is what
                      /.well-known/crossgate-audit-checkpoint said, kept from then; --json
  export DIR          the archive as files, for verify

  --state DIR         search, export: of a local state (default: .crossgate/state)
  --remote            search: of the deployment, by wrangler
  --url URL           search, export: a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE          with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --help              this text

Exit codes: 0 done, 1 the archive is not what was signed, or something failed, 2 wrong usage. Example:

  npx crossgate audit search --client desktop-agent --decision refused --from 2026-11-01 --csv
`;

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean", default: false } as const;
const MEMBERS = Object.keys(SEARCH_MEMBERS) as SearchMember[];
const OPTIONS = {
  ...BACKEND_OPTIONS,
  ...({ organization: TEXT, subject: TEXT, client: TEXT, resource: TEXT, tool: TEXT } as const),
  ...({ decision: TEXT, reason: TEXT, type: TEXT, issuer: TEXT, text: TEXT } as const),
  ...({ from: TEXT, to: TEXT, limit: TEXT, before: TEXT, offline: TEXT, evidence: TEXT } as const),
  ...({ follow: FLAG, json: FLAG, csv: FLAG } as const),
} as const;

type Values = ReturnType<typeof parse>["values"];

function parse(commandLine: readonly string[]) {
  return parseCommandLine({ args: [...commandLine], options: OPTIONS, allowPositionals: true });
}

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parse(commandLine);
  const [action, directory, ...surplus] = positionals;
  if (surplus.length > 0) throw new UsageError(`Unexpected "${surplus.join(" ")}".`);
  if (action === "search" && directory === undefined) return search(values);
  if (action === "verify" && directory === undefined) return verify(values);
  if (action === "export" && directory !== undefined) return exportTo(directory, values);
  throw new UsageError(`audit ${positionals.join(" ")}: say search, verify --offline DIR, or export DIR.`);
}

const FOLLOW_MILLISECONDS = 2_000;

async function search(values: Values): Promise<void> {
  if (values.json && values.csv) throw new UsageError("Give --json or --csv, not both.");
  const asked = readSearch(values);
  if (values.csv) process.stdout.write(`${CSV_HEADER}\n`);
  await withBackend(chooseBackend(values), async (backend) => {
    const shown = await printPage(backend, asked, values);
    if (!values.follow) return;
    const followed = new FollowedRecords((more) => find(backend, more), asked, shown);
    while (true) {
      await wait(FOLLOW_MILLISECONDS);
      print(await followed.next(), values);
    }
  });
}

function readSearch(values: Values): Search {
  const given = MEMBERS.flatMap((member) => {
    const value = values[member];
    return value === undefined ? [] : [[member, value] as const];
  });
  const limit = { option: "--limit", text: values.limit ?? "50", minimum: 1, maximum: 1000 };
  return {
    members: Object.fromEntries(given),
    text: values.text ?? null,
    fromMilliseconds: readTime("--from", values.from),
    toMilliseconds: readTime("--to", values.to),
    before: values.before ?? null,
    limit: parseWholeNumber(limit),
  };
}

function readTime(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UsageError(`${option} ${text}: give a date such as 2026-11-21, or a time in UTC.`);
  return time;
}

interface Found {
  readonly place: string;
  readonly event: FoundEvent;
}

async function find(backend: TrustBackend, asked: Search): Promise<readonly Found[]> {
  const rows = await backend.audit.search(asked).catch((error: unknown) => {
    throw error instanceof SearchInvalid ? new UsageError(error.message) : error;
  });
  return rows.map(({ place, event }) => ({ place, event: JSON.parse(event) as FoundEvent }));
}

async function printPage(backend: TrustBackend, asked: Search, values: Values): Promise<readonly Found[]> {
  const found = await find(backend, asked);
  print(found, values);
  if (found.length === asked.limit) process.stderr.write(`more: --before ${found.at(-1)?.place ?? ""}\n`);
  return found;
}

function print(found: readonly Found[], { json, csv }: Values): void {
  const spell = json ? (event: FoundEvent) => JSON.stringify(event) : csv ? toCsv : toLine;
  for (const { event } of found) process.stdout.write(`${spell(event)}\n`);
}

const evidenceSchema = z.looseObject({
  checkpoint: z.string().nullable(),
  keys: z.array(
    z.looseObject({ kty: z.literal("EC"), crv: z.literal("P-256"), x: z.string(), y: z.string(), kid: z.string() }),
  ),
});

async function verify({ offline, evidence, json }: Values): Promise<void> {
  if (offline === undefined || evidence === undefined) throw new UsageError("Give --offline DIR and --evidence FILE.");
  const { checkpoint, keys } = await readEvidence(evidence);
  const verdict = await verifyArchive(await openArchiveDirectory(offline), { keys, published: checkpoint });
  process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : describe(verdict));
  if (verdict.findings.length > 0) process.exitCode = 1;
}

async function readEvidence(path: string): Promise<z.output<typeof evidenceSchema>> {
  try {
    return evidenceSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    throw new CommandError(`${path} is not what /.well-known/crossgate-audit-checkpoint says. Fetch it with curl.`);
  }
}

function describe({
  findings,
  records,
  chains,
  checkpoints,
  newestCheckpoint: newest,
  unsignedRecords,
}: Verdict): string {
  const signed = newest === null ? "no checkpoint" : `checkpoint ${newest.number} of ${newest.time}`;
  return [
    ...findings.map(({ where, what, says }) => `${what.padEnd(10)}${where}: ${says}`),
    findings.length === 0 ? "Nothing is wrong." : `${findings.length} findings.`,
    `${records} records in ${chains} chains, ${checkpoints} checkpoints; signed through ${signed}, ${unsignedRecords} records since.`,
    "",
  ].join("\n");
}

async function exportTo(directory: string, values: Values): Promise<void> {
  const choice = chooseBackend(values);
  if (choice.kind === "remote") {
    throw new UsageError("wrangler cannot list a bucket. Give --url and --key: the deployment hands its archive out.");
  }
  const count =
    choice.kind === "api"
      ? await exportDeployment(await openAdminClient(choice), directory)
      : await exportState(choice.stateDirectory, directory);
  process.stdout.write(`${count} objects in ${directory}\n`);
}

async function exportState(stateDirectory: string, directory: string): Promise<number> {
  const { openLocalArchive } = await import("../audit/local-archive.ts");
  const { archive, close } = await openLocalArchive(stateDirectory);
  return exportArchive(archive, directory).finally(close);
}

export const command: Command = { help: HELP, run };
