import { type Command, parseCommandLine } from "../command.ts";
import { findDeployment } from "../deployment.ts";
import { readExpectations } from "../expectations/expectation.ts";
import { judge, type Judged } from "../expectations/judge.ts";
import { storeOver } from "../explain/trust-texts.ts";
import { takeDirectory } from "../positional.ts";
import { requireTrustDocuments } from "../trust-documents.ts";

const HELP = `Usage: crossgate test [DIR] [options]

Runs the expectations in DIR/expectations/*.json (default: config) under the trust and policy in DIR:
who may, and who may not. Each file is a list of

  { "name": "…", "client": "…", "claims": { "iss": "…", "sub": "…", "scope": "…" },
    "resource": "…", "scope": "…", "dpop": true,            what the client asks for; all optional
    "expect": "granted" or "refused", "granted_scope": "…" or "reason": "…" }

Of the claims, aud, client_id, jti, iat and exp may be left out.

  --local        DIR is for a Crossgate on this machine, where plain-http loopback addresses are allowed
  --issuer URL   the issuer identifier (default: that in wrangler.toml, or of crossgate dev with --local)
  --json         {"passed": …, "failed": …, "results": [{file, name, passed, instead, explained}]}
  --help         this text

Exit codes: 0 all met, 1 one is not met or something failed, 2 wrong usage. Example:

  npx crossgate test config --local
`;

const OPTIONS = {
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
  const { issuer, rules } = await findDeployment({ issuer: values.issuer, isLocal: values.local });
  const documents = await requireTrustDocuments(directory, rules);
  const world = { issuer, store: storeOver(documents, rules) };
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

function describe({ file, name, passed, instead, explained }: Result): string {
  if (passed) return `ok       ${name}\n`;
  const hints = [explained.fix, ...explained.compared, ...explained.would_help].flatMap((line) =>
    line === null ? [] : [line],
  );
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
