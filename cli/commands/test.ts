import { ThrowawayKeys } from "../../src/explain/throwaway-keys.ts";
import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine, parseWholeNumber } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { findDeployment } from "../deployment.ts";
import { readExpectations } from "../expectations/expectation.ts";
import { judge, type Judged } from "../expectations/judge.ts";
import { storeOver } from "../explain/trust-texts.ts";
import { takeDirectory } from "../positional.ts";
import { describeReplay } from "../replay/describe-replay.ts";
import { runReplay } from "../replay/run-replay.ts";
import { requireTrustDocuments } from "../trust-documents.ts";

const HELP = `Usage: crossgate test [DIR] [options]
       crossgate test [DIR] --against DAYS [--state DIR | --remote] [options]

Runs the expectations in DIR/expectations/*.json (default: config) under the trust and policy in DIR:
who may, and who may not. Each file is a list of

  { "name": "…", "client": "…", "claims": { "iss": "…", "sub": "…", "scope": "…" },
    "resource": "…", "scope": "…", "authorization_details": [{…}], "dpop": true,
                                                            what the client asks for; all optional
    "expect": "granted" or "refused", "granted_scope": "…" or "reason": "…" }

or, of a call with the token that the claims get, by the gateway itself and as of now,

  { "name": "…", "client": "…", "claims": {…}, "call": { "tool": "…", "arguments": {…} },
    "expect": "forwarded", "held" or "refused", "reason": "…" }

Of the claims, aud, client_id, jti, iat and exp may be left out.

With --against, makes the decisions that were recorded in the last DAYS again under DIR, with the very
checks that made them, and lists those that flip: who, what, by which rule then and now. Says how many
could not be made again, and why. A person's groups are recorded only as far as the policy of the time
named them, so a rule that names others cannot be tried on everybody.

  --against DAYS replay recorded decisions instead of expectations
  --state DIR    recorded in this local state (default: .crossgate/state)
  --remote       recorded by the deployment
  --allow-flips  exit 0 although some flip
  --local        DIR is for a Crossgate on this machine, where plain-http loopback addresses are allowed
  --issuer URL   the issuer identifier (default: that in wrangler.toml, or of crossgate dev with --local)
  --json         {"passed": …, "failed": …, "results": [{file, name, passed, instead, explained}]}, or
                 {"recorded", "replayed", "flips": […], "not_replayed": {…}, "unreadable", "is_complete"}
  --help         this text

Exit codes: 0 all met, 1 one is not met, or flips, or something failed, 2 wrong usage. Example:

  npx crossgate test config --local
  npx crossgate test config --against 30 --remote
`;

const OPTIONS = {
  ...BACKEND_OPTIONS,
  against: { type: "string" },
  "allow-flips": { type: "boolean", default: false },
  local: { type: "boolean", default: false },
  issuer: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

interface Result extends Judged {
  readonly file: string;
}

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const directory = takeDirectory(positionals);
  if (values.against !== undefined) return runAgainst(values.against, directory, values);
  if (values.remote || values.state !== undefined || values["allow-flips"]) {
    throw new UsageError("--state, --remote and --allow-flips go with --against DAYS.");
  }
  const { issuer, rules } = await findDeployment({ issuer: values.issuer, isLocal: values.local });
  const documents = await requireTrustDocuments(directory, rules);
  const world = { issuer, store: storeOver(documents, rules), keys: new ThrowawayKeys() };
  const nowSeconds = Math.floor(Date.now() / 1000);
  const results: Result[] = [];
  for (const { path, expectations } of await readExpectations(directory)) {
    for (const expectation of expectations) {
      const result = { file: path, ...(await judge(expectation, world, nowSeconds)) };
      results.push(result);
      if (!values.json) process.stdout.write(describe(result));
    }
  }
  report(results, values.json);
}

type Values = ReturnType<typeof parseCommandLine<{ options: typeof OPTIONS }>>["values"];

async function runAgainst(text: string, directory: string, values: Values): Promise<void> {
  const days = parseWholeNumber({ option: "--against", text, minimum: 1, maximum: 366 });
  const choice = chooseBackend(values);
  const { rules } = await findDeployment({ issuer: values.issuer, isLocal: values.local });
  const documents = await requireTrustDocuments(directory, rules);
  const request = { days, nowMilliseconds: Date.now(), documents, rules };
  const replayed = await withBackend(choice, (backend) => runReplay(backend, request));
  process.stdout.write(values.json ? `${JSON.stringify(replayed)}\n` : describeReplay(replayed));
  if (replayed.flips.length > 0 && !values["allow-flips"]) process.exitCode = 1;
}

function describe({ file, name, passed, instead, explained }: Result): string {
  if (passed) return `ok       ${name}\n`;
  const more = "token" in explained ? [] : [...explained.compared, ...explained.would_help];
  const hints = [explained.fix, ...more].flatMap((line) => (line === null ? [] : [line]));
  return [
    `NOT OK   ${name} (${file})`,
    `           ${instead ?? ""}`,
    ...hints.map((line) => `           ${line}`),
    "",
  ].join("\n");
}

function report(results: readonly Result[], asJson: boolean): void {
  const failed = results.filter(({ passed }) => !passed).length;
  const passed = results.length - failed;
  process.stdout.write(
    asJson ? `${JSON.stringify({ passed, failed, results })}\n` : `${passed} met, ${failed} not met\n`,
  );
  if (failed > 0) process.exitCode = 1;
}

export const command: Command = { help: HELP, run };
