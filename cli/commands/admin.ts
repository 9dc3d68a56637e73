import { ADMIN_ROLES } from "../../src/trust/admin.ts";
import { adminDocumentFor, createAdminKey, writeAdminKey } from "../admin-key.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";

const HELP = `Usage: crossgate admin key create NAME [--role ROLE] [--out FILE] [--json]

Makes a key pair for the admin API. The private half is written to FILE, for you alone to read, and
goes nowhere else; the document that appoints its holder is printed. Whoever may write KV puts it
there, since no administrator appoints another through the API.

  --role ROLE   viewer (reads), operator (reads and changes) or approver (reads and approves what is
                held, changes nothing); default: viewer. To an approver's document add who he is at
                each identity provider: "subjects": [{"issuer": "https://…", "sub": "…"}]
  --out FILE    where the private key goes (default: NAME.admin-key.json); never over a file that is there
  --json        {"key_file": …, "document_key": …, "document": {…}}
  --help        this text

Exit codes: 0 made, 1 failed, 2 wrong usage. Example:

  npx crossgate admin key create ci --role operator --json | jq .document > ci.json
  npx wrangler kv key put admin:ci --path ci.json --binding TRUST_AND_POLICY --remote
  npx crossgate apply config --url https://mcp.example.com --key ci.admin-key.json
`;

const OPTIONS = {
  role: { type: "string", default: "viewer" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [noun, verb, name, ...surplus] = positionals;
  if (noun !== "key" || verb !== "create" || name === undefined || surplus.length > 0) {
    throw new UsageError("Say: crossgate admin key create NAME.");
  }
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw new UsageError(`"${name}": use letters, digits, dot, dash and underscore.`);
  }
  const role = ADMIN_ROLES.find((one) => one === values.role);
  if (role === undefined) throw new UsageError(`--role ${values.role}: say one of ${ADMIN_ROLES.join(", ")}.`);
  const path = values.out ?? `${name}.admin-key.json`;
  const key = await createAdminKey(name);
  await writeAdminKey(path, key);
  report({ path, documentKey: `admin:${name}`, document: adminDocumentFor(key, role) }, values.json);
}

interface Made {
  readonly path: string;
  readonly documentKey: string;
  readonly document: object;
}

function report({ path, documentKey, document }: Made, asJson: boolean): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ key_file: path, document_key: documentKey, document })}\n`);
    return;
  }
  process.stdout.write(`private key   ${path} (keep it; nobody can make it again)
document      ${documentKey}, to be put into KV by whoever may:

${JSON.stringify(document, null, 2)}

  npx wrangler kv key put ${documentKey} --path FILE --binding TRUST_AND_POLICY --remote
`);
}

export const command: Command = { help: HELP, run };
