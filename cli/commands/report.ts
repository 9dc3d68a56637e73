import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { parseDay } from "../inventory/period.ts";
import { connectionToCsv, csvHeader } from "../inventory/print-connections.ts";
import { type AccessReview, makeReview } from "../report/access-review.ts";
import { reviewPage } from "../report/review-page.ts";
import { whereOf } from "../inventory/where.ts";

const HELP = `Usage: crossgate report --from DAY --to DAY [--organization NAME] [options]

The review of access that an auditor asks for: every connection of the period with who approved it,
for which scopes and how many people, how much it was used, and a column to sign; then every edit of
trust and policy, revocation and key rotation. A page of HTML on standard output that stands alone,
without scripts, ready to be printed. As far back as the audit index goes (AUDIT_INDEX_DAYS).

  --from, --to DAY     from a day (included) to a day (excluded), in UTC: 2026-10-01
  --organization NAME  one organization's alone
  --people             name the people too
  --csv                the connections as CSV; with --people a line for each person
  --json               everything as one JSON object
  --state DIR          of a local state (default: .crossgate/state)
  --remote             of the deployment, by wrangler
  --url URL            a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE           with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --help               this text

Exit codes: 0 done, 1 something failed, 2 wrong usage. Example:

  npx crossgate report --from 2026-10-01 --to 2027-01-01 --people > access-review.html
`;

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean", default: false } as const;
const OPTIONS = {
  ...BACKEND_OPTIONS,
  ...({ organization: TEXT, from: TEXT, to: TEXT } as const),
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
  const { from, to } = values;
  if (from === undefined || to === undefined) throw new UsageError("Give the period: --from DAY --to DAY.");
  const [fromDay, toDay] = [parseDay("--from", from), parseDay("--to", to)];
  if (fromDay >= toDay) throw new UsageError(`--to ${toDay}: is the day after the last, so later than ${fromDay}.`);
  const choice = chooseBackend(values);
  const review = await withBackend(choice, ({ name, audit }) =>
    makeReview(audit, {
      name,
      organization: values.organization,
      fromDay,
      toDay,
      withPeople: values.people,
      where: whereOf(choice),
      nowMilliseconds: Date.now(),
    }),
  );
  process.stdout.write(spell(review, values));
}

function spell(
  review: AccessReview,
  { json, csv, people }: { readonly json: boolean; readonly csv: boolean; readonly people: boolean },
): string {
  if (json) return `${JSON.stringify(review)}\n`;
  if (!csv) return reviewPage(review);
  return [csvHeader(people), ...review.connections.flatMap(connectionToCsv), ""].join("\n");
}

export const command: Command = { help: HELP, run };
