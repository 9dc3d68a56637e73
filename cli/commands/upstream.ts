import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { callbackUri } from "../../src/connect/redirect-uri.ts";
import { parseTrustDocument } from "../../src/trust/documents.ts";
import { WIDEST_RULES } from "../check/urls.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { CommandError, UsageError } from "../command-error.ts";
import { fileNameFor } from "../export/file-names.ts";
import { formatDocument } from "../export/format-document.ts";
import { takeDirectory } from "../positional.ts";
import { lookAtServer, type Wants } from "../upstream/look.ts";
import { type Proposal, propose } from "../upstream/propose.ts";

const HELP = `Usage: crossgate upstream add <url> [DIR] --resource URL [options]

Calls an MCP server once without a credential, says what it asks for, and writes DIR/resource/*.json
(DIR: config) with the upstream_credential that fits: none, authorization_code (each person connects
an account of theirs at /connect), xaa (Cross App Access), or secret. Nothing is written over.

  --resource URL       the URL that clients will use, at your Crossgate
  --name TEXT          for people to read (default: the server's host)
  --client-id ID       Crossgate's registration at the server's authorization server
  --idp ISSUER         by Cross App Access, where the server redeems ID-JAGs: the identity provider
  --idp-client-id ID   with --idp: Crossgate's registration there
  --json               {"path", "says", "credential", "redirect_uri", "secrets": […], "notes": […]}
  --help               this text

Exit codes: 0 written, 1 failed, or something is missing that it names, 2 wrong usage. Example:

  npx crossgate upstream add https://mcp.files.example/mcp --resource https://mcp.example.com/files/mcp
`;

const OPTIONS = {
  resource: { type: "string" },
  name: { type: "string" },
  "client-id": { type: "string" },
  idp: { type: "string" },
  "idp-client-id": { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** All may see what there is, and nobody calls a tool whom policy does not let. */
const SCOPES = {
  "tools:read": {
    description: "See which tools, prompts and resources there are",
    methods: ["tools/list", "prompts/list", "resources/list", "resources/templates/list"],
  },
  "tools:any": { description: "Call any tool", methods: ["tools/call"] },
};

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [action, url, ...rest] = positionals;
  const { resource } = values;
  const isWhole = action === "add" && url !== undefined && resource !== undefined && URL.canParse(resource);
  if (!isWhole) throw new UsageError("Say: crossgate upstream add <url> --resource URL.");
  const directory = takeDirectory(rest);
  process.stderr.write(`asking ${url}\n`);
  const wants = await lookAtServer(url);
  const { host } = new URL(url);
  const known = {
    clientId: values["client-id"],
    idp: values.idp,
    idpClientId: values["idp-client-id"],
    stem: stemOf(host),
  };
  const proposal = propose(wants, known);
  const redirectUri = await redirectUriFor(wants, values["client-id"], new URL(resource).origin);
  if ("lacks" in proposal) throw lacking(proposal.lacks, redirectUri);
  const written = await write(directory, {
    resource,
    name: values.name ?? host,
    upstream: url,
    upstream_credential: proposal.credential,
    scopes: SCOPES,
  });
  process.stdout.write(values.json ? toJson(proposal, redirectUri, written) : describe(proposal, redirectUri, written));
}

function lacking(lacks: string, redirectUri: string | null): CommandError {
  return new CommandError(
    `Nothing was written. Missing: ${lacks}.${redirectUri === null ? "" : `\nredirect URI  ${redirectUri}`}`,
  );
}

/** What a client that is registered by hand needs to be registered with. */
async function redirectUriFor(wants: Wants, clientId: string | undefined, issuer: string): Promise<string | null> {
  if (wants.kind !== "oauth" || wants.server.authorizationEndpoint === null) return null;
  const isDocument = clientId === undefined && wants.server.acceptsMetadataDocuments;
  return isDocument ? null : callbackUri({ client: { kind: "registered" } }, wants.server.issuer, issuer);
}

interface Written {
  readonly path: string;
  readonly text: string;
}

/** Never over a file that is there. */
async function write(
  directory: string,
  document: Readonly<Record<string, unknown>> & { readonly resource: string },
): Promise<Written> {
  const text = formatDocument("resource", document);
  parseTrustDocument("resource", { name: document.resource, text }, WIDEST_RULES);
  const path = join(directory, "resource", fileNameFor(`resource:${document.resource}`));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: "wx" }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${path} was not written: ${reason}. Edit the file that is there, or remove it first.`);
  });
  return { path, text };
}

function describe({ says, secrets, notes }: Proposal, redirectUri: string | null, { path, text }: Written): string {
  return [
    `the server    ${says}`,
    ...(redirectUri === null ? [] : [`redirect URI  ${redirectUri}`]),
    `wrote         ${path}`,
    "",
    text.trimEnd(),
    "",
    ...secrets.map((name) => `- Set the secret: npx crossgate vault set ${name}`),
    ...notes.map((note) => `- ${note}`),
    "",
  ].join("\n");
}

function toJson({ says, credential, secrets, notes }: Proposal, redirectUri: string | null, { path }: Written): string {
  return `${JSON.stringify({ path, says, credential, redirect_uri: redirectUri, secrets, notes })}\n`;
}

/** As names in the vault are spelled. */
function stemOf(host: string): string {
  return host.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, "-");
}

export const command: Command = { help: HELP, run };
