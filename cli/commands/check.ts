import { checkTrust } from "../check/check-trust.ts";
import { describeFinding, type Finding } from "../check/finding.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { findDeployment } from "../deployment.ts";
import { takeDirectory } from "../positional.ts";

const HELP = `Usage: crossgate check [DIR] [options]

Says what is wrong with the trust and policy in DIR (default: config), and how to mend it: documents
that do not fit their schema, names that no document has, rules that never apply or never matter,
issuers that differ by a slash, client ids that could be taken for people, plain http, weak keys.

  --local        for a Crossgate on this machine, where plain-http loopback addresses are allowed
  --issuer URL   the issuer identifier of the deployment (default: that in wrangler.toml)
  --strict       warnings are errors
  --json         {"documents", "errors", "warnings", "findings": [{severity, file, at, problem, fix}]}
  --help         this text

Exit codes: 0 no errors, 1 errors, 2 wrong usage. Example:

  npx crossgate check config --local
`;

const OPTIONS = {
  local: { type: "boolean", default: false },
  issuer: { type: "string" },
  strict: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const directory = takeDirectory(positionals);
  const deployment = await findDeployment({ issuer: values.issuer, isLocal: values.local });
  const { documents, findings } = await checkTrust(directory, { deployment, nowMilliseconds: Date.now() });
  const judged = values.strict ? findings.map(asError) : findings;
  const errors = judged.filter(({ severity }) => severity === "error").length;
  const counts = { documents: documents.length, errors, warnings: judged.length - errors };
  process.stdout.write(values.json ? `${JSON.stringify({ ...counts, findings: judged })}\n` : describe(judged, counts));
  if (errors > 0) process.exitCode = 1;
}

function asError(finding: Finding): Finding {
  return { ...finding, severity: "error" };
}

interface Counts {
  readonly documents: number;
  readonly errors: number;
  readonly warnings: number;
}

function describe(findings: readonly Finding[], { documents, errors, warnings }: Counts): string {
  const lines = findings.map((finding) => `${describeFinding(finding)}\n`);
  return `${lines.join("")}${documents} sound documents, ${errors} errors, ${warnings} warnings\n`;
}

export const command: Command = { help: HELP, run };
