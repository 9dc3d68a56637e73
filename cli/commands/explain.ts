import { type Explained } from "../../src/explain/explained.ts";
import { explainRedemption } from "../../src/explain/explanation.ts";
import type { RehearsalRequest, RehearsalWorld } from "../../src/explain/rehearsal.ts";
import { ThrowawayKeys } from "../../src/explain/throwaway-keys.ts";
import { BACKEND_OPTIONS, chooseBackend, openAdminClient, withBackend } from "../backend/open-backend.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { findDeployment } from "../deployment.ts";
import { describeRecord, explainRecords } from "../explain/audit-record.ts";
import { readCall } from "../explain/call-question.ts";
import { readClaims } from "../explain/claims-input.ts";
import { describeCall } from "../explain/describe-call.ts";
import { describeExplanation } from "../explain/describe-explanation.ts";
import { explainCall } from "../explain/explain-call.ts";
import { explainDeployed } from "../explain/explain-deployed.ts";
import { inWords } from "../explain/in-words.ts";
import { storeOver } from "../explain/trust-texts.ts";
import { takeDirectory } from "../positional.ts";
import { requireTrustDocuments } from "../trust-documents.ts";

const HELP = `Usage: crossgate explain --client ID --claims FILE [DIR | --state DIR | --remote | --url URL] [options]
       crossgate explain --client ID --claims FILE --call JSON [DIR | --state DIR | --remote | --url URL]
       crossgate explain <correlation id> [--state DIR | --remote | --url URL]

Says why an ID-JAG with these claims is granted or refused: the decision, the rule, each condition,
and what would have to change. The checks are the Worker's own; signature and single use are taken
for granted. With --call also why that call, with the token they get, goes to its server, waits for a
person or does not: the rules, the guardrails, who could approve it, by the gateway itself. No server
and no service elsewhere is asked. With a correlation id: what the audit record of a real answer says,
and its fix.

  --client ID       the client that presents the ID-JAG
  --claims FILE     its claims as JSON, or the ID-JAG itself, which is read and not believed; - for
                    standard input. Of JSON, aud, client_id, jti, iat and exp may be left out
  --call JSON       {"tool": "pay", "arguments": {"amount": 5}}, or {"method": …, "params": …}; or a file
                    of that, or - for standard input. Judged as of now, whatever --at says
  --resource URL    the resource that the client asks for
  --scope "A B"     the scope that the client asks for
  --authorization-details JSON
                    the authorization_details that the client asks for (RFC 9396)
  --dpop            the client sends a DPoP proof by the key that the ID-JAG names, or by one of its own
  --at TIME         as of then, e.g. 2026-11-21T08:00:00Z (default: now)
  DIR               under the documents in DIR (default: config)
  --state DIR       under those of a local state; for a correlation id the default: .crossgate/state
  --remote          under those of the deployment
  --url URL         by the deployment itself, with its own code and documents, through its admin API; URL
                    is its ISSUER (for a correlation id also CROSSGATE_URL). Signatures stay here; with --call
                    its documents are judged by this copy of Crossgate
  --key FILE        with --url: your admin key (or CROSSGATE_ADMIN_KEY)
  --local           DIR is for a Crossgate on this machine
  --issuer URL      the issuer identifier (default: that in wrangler.toml, or of crossgate dev)
  --json            the whole explanation as JSON
  --help            this text

Exit codes: 0 explained, whatever the decision, 1 failed, 2 wrong usage. Example:

  npx crossgate explain --client desktop-agent --claims claims.json --scope "tools:echo" config --local
  npx crossgate explain --client desktop-agent --claims claims.json config --local \\
    --call '{"tool": "echo", "arguments": {"message": "hello"}}'
  npx crossgate explain --client desktop-agent --claims claims.json \\
    --url https://mcp.example.com --key me.admin-key.json
`;

const OPTIONS = {
  ...BACKEND_OPTIONS,
  client: { type: "string" },
  claims: { type: "string" },
  call: { type: "string" },
  resource: { type: "string" },
  scope: { type: "string" },
  "authorization-details": { type: "string" },
  dpop: { type: "boolean", default: false },
  at: { type: "string" },
  local: { type: "boolean", default: false },
  issuer: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parseCommandLine<{ options: typeof OPTIONS }>>["values"];

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const { client, claims } = values;
  if (client !== undefined && claims !== undefined) return explainClaims(values, { client, claims, positionals });
  const [correlationId, ...surplus] = positionals;
  if (
    client !== undefined ||
    claims !== undefined ||
    values.call !== undefined ||
    correlationId === undefined ||
    surplus.length > 0
  ) {
    throw new UsageError("Say --client and --claims, or one correlation id.");
  }
  return explainCorrelation(correlationId, values);
}

async function explainCorrelation(correlationId: string, values: Values): Promise<void> {
  const records = await withBackend(chooseBackend(values), (backend) => explainRecords(correlationId, backend));
  process.stdout.write(values.json ? `${JSON.stringify({ records })}\n` : records.map(describeRecord).join("\n"));
}

interface Subject {
  readonly client: string;
  readonly claims: string;
  readonly positionals: readonly string[];
}

async function explainClaims(values: Values, { client, claims, positionals }: Subject): Promise<void> {
  const isStored = values.remote || values.state !== undefined || values.url !== undefined;
  if (isStored && positionals.length > 0) {
    throw new UsageError("Give a directory, --state, --remote or --url: one of them.");
  }
  if (values.url !== undefined && (values.local || values.issuer !== undefined)) {
    throw new UsageError("--url is the issuer: leave out --local and --issuer.");
  }
  const nowSeconds = readInstant(values.at);
  const request: RehearsalRequest = {
    stated: await readClaims(claims),
    clientId: client,
    resource: values.resource ?? null,
    scope: values.scope ?? null,
    authorizationDetails: values["authorization-details"] ?? null,
    provesKey: values.dpop,
    nowSeconds,
  };
  const where = { values, isStored, positionals };
  if (values.call !== undefined) {
    const call = await explainCall(request, await readCall(values.call), await openWorld(where));
    process.stdout.write(values.json ? `${JSON.stringify(call)}\n` : describeCall(call));
    return;
  }
  const explained = inWords(await explain(request, where));
  process.stdout.write(values.json ? `${JSON.stringify(explained)}\n` : describeExplanation(explained));
}

interface Where {
  readonly values: Values;
  readonly isStored: boolean;
  readonly positionals: readonly string[];
}

/** A deployment with an admin API explains itself; documents that are at hand are explained here, by the same code. */
async function explain(request: RehearsalRequest, where: Where): Promise<Explained> {
  const choice = where.isStored ? chooseBackend(where.values) : null;
  if (choice?.kind === "api") return explainDeployed(request, await openAdminClient(choice));
  return explainRedemption(request, await openWorld(where));
}

async function openWorld({ values, isStored, positionals }: Where): Promise<RehearsalWorld> {
  const choice = isStored ? chooseBackend(values) : null;
  const isLocal = values.local || choice?.kind === "local";
  const { issuer, rules } = await findDeployment({ issuer: values.issuer ?? choice?.issuer, isLocal });
  const documents =
    choice === null
      ? await requireTrustDocuments(takeDirectory(positionals), rules)
      : await withBackend(choice, (backend) => backend.readDocuments());
  return { issuer, store: storeOver(documents, rules), keys: new ThrowawayKeys() };
}

function readInstant(text: string | undefined): number {
  const milliseconds = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isFinite(milliseconds)) return Math.floor(milliseconds / 1000);
  throw new UsageError(`--at ${text ?? ""}: give an instant like 2026-11-21T08:00:00Z.`);
}

export const command: Command = { help: HELP, run };
