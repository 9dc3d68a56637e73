import { cursorOf } from "../../src/audit/inventory.ts";
import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine, parseWholeNumber } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { everyConnection, type ListedConnection, quoteWord } from "../inventory/every-connection.ts";
import { parseDay } from "../inventory/period.ts";
import { whereOf } from "../inventory/where.ts";
import { connectionToCsv, csvHeader, describeConnection } from "../inventory/print-connections.ts";

const HELP = `Usage: crossgate inventory [--organization NAME] [--client ID] [--resource URL] [options]

Every connection that was granted something: a client at a server, for an organization. By which rules
of which policy and who wrote it, for which scopes, from when to when, for how many people, and the
command that stops it and nothing else. As far back as the audit index goes (AUDIT_INDEX_DAYS).

  --organization, --client, --resource TEXT   exactly this
  --people       name the people too
  --from, --to DAY                            only what happened from a day (included) to a day (excluded), in UTC
  --limit N      so many (default: all)
  --after TEXT   the next page: what the last one ended with (on standard error)
  --json, --csv  one JSON object a line, or CSV, instead of lines for people
  --state DIR    of a local state (default: .crossgate/state)
  --remote       of the deployment, by wrangler
  --url URL      a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --help         this text

Exit codes: 0 done, 1 something failed, 2 wrong usage. Example:

  npx crossgate inventory --client desktop-agent --people
`;

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean", default: false } as const;
const OPTIONS = {
  ...BACKEND_OPTIONS,
  ...({ organization: TEXT, client: TEXT, resource: TEXT, from: TEXT, to: TEXT, limit: TEXT, after: TEXT } as const),
  ...({ people: FLAG, json: FLAG, csv: FLAG } as const),
} as const;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (positionals.length > 0) throw new UsageError(`Unexpected "${positionals.join(" ")}".`);
  if (values.json && values.csv) throw new UsageError("Give --json or --csv, not both.");
  const limit = readLimit(values.limit);
  const choice = chooseBackend(values);
  const listing = {
    organization: values.organization,
    client: values.client,
    resource: values.resource,
    fromDay: values.from === undefined ? null : parseDay("--from", values.from),
    toDay: values.to === undefined ? null : parseDay("--to", values.to),
    after: values.after ?? null,
    withPeople: values.people,
    where: whereOf(choice),
  };
  const print = printerOf(values);
  if (values.csv) process.stdout.write(`${csvHeader(values.people)}\n`);
  await withBackend(choice, async ({ audit }) => {
    let count = 0;
    for await (const connection of everyConnection(audit, listing)) {
      print(connection);
      count += 1;
      if (count < limit) continue;
      process.stderr.write(`more: --after ${quoteWord(cursorOf(connection))}\n`);
      break;
    }
    if (count === 0 && !values.json && !values.csv) process.stdout.write("No connection has been granted anything.\n");
  });
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  return parseWholeNumber({ option: "--limit", text, minimum: 1, maximum: 1_000_000 });
}

function printerOf({ json, csv }: { readonly json: boolean; readonly csv: boolean }) {
  return (connection: ListedConnection): void => {
    if (json) process.stdout.write(`${JSON.stringify(connection)}\n`);
    else if (csv)
      process.stdout.write(
        connectionToCsv(connection)
          .map((line) => `${line}\n`)
          .join(""),
      );
    else process.stdout.write(describeConnection(connection));
  };
}

export const command: Command = { help: HELP, run };
