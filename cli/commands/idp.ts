import { signedInUri } from "../../src/connect/redirect-uri.ts";
import { isLoopbackHttp } from "../../src/egress/url-policy.ts";
import { type Command, parseCommandLine } from "../command.ts";
import { UsageError } from "../command-error.ts";
import { findDeployment } from "../deployment.ts";
import { type Discovered, discover } from "../idp/discover.ts";
import { chooseOrganization, makeIdpDocument, requireNewIssuer, writeIdpDocument } from "../idp/idp-document.ts";
import { inert, inertLines } from "../inert-text.ts";
import { type KeyReport, reportKeys } from "../idp/key-report.ts";
import { findPreset, type Preset, PRESETS } from "../idp/presets.ts";
import { takeDirectory } from "../positional.ts";

const HELP = `Usage: crossgate idp add <issuer> [DIR] [options]
       crossgate idp sign-in <issuer> [--local | --crossgate URL] [--json]

add: asks an identity provider for its metadata and keys, shows what it found, and writes DIR/idp/*.json
(DIR: config). Only the issuer that you name is believed, byte for byte as it stands in iss; https
only, but for this machine; no redirects are followed. A document that is there is never written over.

sign-in: what to register at a provider where people sign in to connect accounts of theirs (sign_in in
its document): the redirect URI, which is another for each provider, and where Crossgate's keys are.

  --organization ORG   whose users it may assert (default: the only organization that has a policy)
  --preset NAME        okta, auth0, entra, keycloak or google: also compares with what that provider
                       documents, and takes its groups claim from there
  --crossgate URL      with sign-in, your Crossgate's own issuer (default: that in wrangler.toml)
  --local              with sign-in, a Crossgate on this machine (http://127.0.0.1:8787)
  --json               add: {"path", "issuer", "metadata_url", "jwks_uri", "keys": […], "notes": […],
                       "id_jags"}: issued, by_extension or not_documented by the preset's provider,
                       null without one; sign-in: {"redirect_uri", "jwks_uri"}
  --help               this text

Exit codes: 0 written or shown, 1 failed, 2 wrong usage. Examples:

  npx crossgate idp add https://acme.okta.com --preset okta --organization acme config
  npx crossgate idp sign-in https://acme.okta.com --crossgate https://mcp.example.com
`;

const OPTIONS = {
  organization: { type: "string" },
  preset: { type: "string" },
  crossgate: { type: "string" },
  local: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

async function run(commandLine: readonly string[]): Promise<void> {
  const { values, positionals } = parseCommandLine({
    args: [...commandLine],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [action, issuer, ...rest] = positionals;
  if (issuer === undefined || (action !== "add" && action !== "sign-in")) {
    throw new UsageError("Say: crossgate idp add <issuer>, or crossgate idp sign-in <issuer>.");
  }
  refuseOthers(action, values);
  return action === "add" ? add(issuer, rest, values) : showSignIn(issuer, rest, values);
}

/** An option of the other action would be ignored, and its user misled. */
function refuseOthers(
  action: "add" | "sign-in",
  { organization, preset, crossgate, local }: Partial<SignInOptions & AddOptions>,
): void {
  const isSaid =
    action === "add" ? crossgate !== undefined || local === true : organization !== undefined || preset !== undefined;
  if (!isSaid) return;
  const others = action === "add" ? "--crossgate and --local are" : "--organization and --preset are";
  throw new UsageError(`${others} not for idp ${action}.`);
}

interface AddOptions {
  readonly organization?: string | undefined;
  readonly preset?: string | undefined;
  readonly json: boolean;
}

async function add(issuer: string, rest: readonly string[], values: AddOptions): Promise<void> {
  const directory = takeDirectory(rest);
  const preset = readPreset(values.preset, issuer);
  await requireNewIssuer(directory, issuer);
  const organization = await chooseOrganization(directory, values.organization);
  process.stderr.write(`asking ${issuer}\n`);
  const discovered = await discover(issuer);
  const keys = reportKeys(discovered.keys);
  const document = makeIdpDocument(directory, { discovered, keys, organization, preset });
  await writeIdpDocument(document);
  const notes = notesFor(discovered, preset);
  if (!values.json) return print(describe(discovered, keys, { ...document, notes }));
  const { metadataUrl: metadata_url, jwksUri: jwks_uri } = discovered;
  print(
    `${JSON.stringify({ path: document.path, issuer, metadata_url, jwks_uri, keys, id_jags: preset?.idJags ?? null, notes })}\n`,
  );
}

interface SignInOptions {
  readonly crossgate?: string | undefined;
  readonly local: boolean;
  readonly json: boolean;
}

/** Told from the two issuers alone: nobody is asked, and no document needs to be there. */
async function showSignIn(provider: string, rest: readonly string[], options: SignInOptions): Promise<void> {
  if (rest.length > 0) throw new UsageError(`Unexpected "${rest.join(" ")}": give one issuer.`);
  if (!URL.canParse(provider)) throw new UsageError(`${provider} is no issuer. Give its URL, as it stands in iss.`);
  const { issuer } = await findDeployment({ issuer: options.crossgate, isLocal: options.local });
  const redirectUri = await signedInUri(provider, issuer);
  const keys = `${issuer}/jwks`;
  if (options.json) return print(`${JSON.stringify({ redirect_uri: redirectUri, jwks_uri: keys })}\n`);
  print(`redirect URI  ${redirectUri}\nkeys          ${keys}\n`);
}

function print(text: string): void {
  process.stdout.write(text);
}

function readPreset(name: string | undefined, issuer: string): Preset | null {
  if (name === undefined) return null;
  const preset = findPreset(name);
  if (preset === null) throw new UsageError(`--preset ${name}: say one of ${Object.keys(PRESETS).join(", ")}.`);
  if (preset.issuer.test(issuer)) return preset;
  throw new UsageError(
    `${issuer} does not look like an issuer of ${preset.name}, which is ${preset.issuerShape}. Leave --preset out if it has a domain of its own.`,
  );
}

function notesFor({ issuer, jwksUri }: Discovered, preset: Preset | null): readonly string[] {
  const documented = preset?.jwksUri(issuer) ?? jwksUri;
  return [
    ...(documented === jwksUri
      ? []
      : [`${preset?.name ?? ""} documents its key set at ${documented}: find out why it names another.`]),
    ...(preset?.notes ?? []),
    ...(isLoopbackHttp(new URL(issuer)) ? ["Only a Crossgate on this machine accepts a plain-http issuer."] : []),
    "Register Crossgate's issuer at the provider as a resource authorization server, with your servers' URLs.",
  ];
}

interface Written {
  readonly path: string;
  readonly text: string;
  readonly notes: readonly string[];
}

function describe(
  { metadataUrl, jwksUri, algorithms }: Discovered,
  keys: readonly KeyReport[],
  { path, text, notes }: Written,
): string {
  return [
    inert(`metadata    ${metadataUrl}`),
    inert(`key set     ${jwksUri}`),
    inert(`signs with  ${algorithms?.join(", ") ?? "(not stated)"}`),
    ...keys.map(({ kid, kind, algorithms: verifies, flaw }) => {
      const verdict = flaw === null ? `usable for ${verifies.join(", ")}` : `not usable: ${flaw}`;
      return inert(`key         ${kid ?? "(no kid)"}  ${kind}  ${verdict}`);
    }),
    `wrote       ${path}`,
    "",
    inertLines(text.trimEnd()),
    "",
    ...notes.map((note) => inert(`- ${note}`)),
    "",
  ].join("\n");
}

export const command: Command = { help: HELP, run };
