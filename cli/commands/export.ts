import { BACKEND_OPTIONS, chooseBackend, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { findDeployment } from "../deployment.ts";
import { type ExportResult, exportTrust } from "../export/export-trust.ts";

const HELP = `Usage: crossgate export DIR [--state DIR | --remote | --url URL] [options]

Writes the trust and policy that are in KV into DIR, one file a document, always in the same order
and layout. A file that states a document already is written over; others are left alone.

  --state DIR    from a local state (default: .crossgate/state)
  --remote       from the deployment, by wrangler
  --url URL      a deployment, by its admin API; URL is its ISSUER (or CROSSGATE_URL)
  --key FILE     with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --issuer URL   the issuer identifier (default: that in wrangler.toml, or of crossgate dev)
  --json         {"files": [{key, path, change}], "broken": […], "others": […]}
  --help         this text

Exit codes: 0 done, 1 failed, or a document in KV does not parse, 2 wrong usage. Example:

  npx crossgate export config --remote
`;

const OPTIONS = {
  ...BACKEND_OPTIONS,
  issuer: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [directory, ...surplus] = positionals;
  if (directory === undefined || surplus.length > 0) throw new UsageError("Say one directory to export to.");
  const choice = chooseBackend(values);
  const { rules } = await findDeployment({ issuer: values.issuer ?? choice.issuer, isLocal: choice.kind === "local" });
  const documents = await withBackend(choice, (backend) => backend.readDocuments());
  const result = await exportTrust(directory, documents, rules);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : describe(result));
  if (result.broken.length > 0) process.exitCode = 1;
}

function describe({ files, broken, others }: ExportResult): string {
  const lines = [
    ...files.map(({ key, path, change }) => `${change.padEnd(9)} ${path} (${key})`),
    ...broken.map(
      ({ key, path, reason }) => `broken    ${key}: ${path === "" ? "" : `${path}: `}${reason}; mend its file`,
    ),
    ...others.map((path) => `other     ${path} states nothing that is in KV; remove it, or apply it`),
    `${files.length} documents`,
  ];
  return `${lines.join("\n")}\n`;
}

export const command: Command = { help: HELP, run };
