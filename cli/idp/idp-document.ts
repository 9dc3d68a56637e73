import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseTrustDocument } from "../../src/trust/documents.ts";
import { WIDEST_RULES } from "../check/urls.ts";
import { CommandError } from "../command-error.ts";
import { fileNameFor } from "../export/file-names.ts";
import { formatDocument } from "../export/format-document.ts";
import { listTrustFiles, readTrustDirectory } from "../trust-documents.ts";
import type { Discovered } from "./discover.ts";
import { chooseAlgorithms, isTooLarge, type KeyReport } from "./key-report.ts";
import type { Preset } from "./presets.ts";

export interface IdpDocument {
  readonly path: string;
  readonly text: string;
}

interface Parts {
  readonly discovered: Discovered;
  readonly keys: readonly KeyReport[];
  readonly organization: string;
  readonly preset: Preset | null;
}

/** @throws CommandError when what was found cannot be trusted as it stands */
export function makeIdpDocument(directory: string, { discovered, keys, organization, preset }: Parts): IdpDocument {
  const { issuer, jwksUri, algorithms: listed } = discovered;
  const algorithms = chooseAlgorithms(keys, listed);
  if (algorithms.length === 0 || isTooLarge(keys)) {
    throw new CommandError(
      `${jwksUri} has no usable keys for what the provider signs with (${listed?.join(", ") ?? "not stated"}). Nothing was written: have it sign with ES256 or RS256.`,
    );
  }
  const document = {
    issuer,
    name: preset?.name ?? new URL(issuer).host,
    organization,
    key_set: { jwks_uri: jwksUri },
    algorithms,
    ...(preset?.groupsClaim ? { groups_claim: preset.groupsClaim } : {}),
  };
  const text = formatDocument("idp", document);
  parseTrustDocument("idp", { name: issuer, text }, WIDEST_RULES);
  return { path: join(directory, "idp", fileNameFor(`idp:${issuer}`)), text };
}

/** Never over a file that is there. */
export async function writeIdpDocument({ path, text }: IdpDocument): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${path} was not written: ${reason}. Edit the file that is there, or remove it first.`);
  }
}

/** @returns the organization named, or the only one that has a policy. @throws CommandError where that is open */
export async function chooseOrganization(directory: string, named: string | undefined): Promise<string> {
  const organizations = await organizationsIn(directory);
  if (named !== undefined) return named;
  const [only, ...others] = organizations;
  if (only !== undefined && others.length === 0) return only;
  const there = organizations.length === 0 ? "" : `: ${organizations.join(", ")}`;
  throw new CommandError(`Say with --organization whose users this issuer may assert${there}.`);
}

/** @throws CommandError when a document of this issuer is there already, under whatever name */
export async function requireNewIssuer(directory: string, issuer: string): Promise<void> {
  const documents = await documentsIn(directory);
  const present = documents.find(({ key }) => key === `idp:${issuer}`);
  if (present === undefined) return;
  throw new CommandError(`${present.path} describes ${issuer} already. Edit it, or remove it first.`);
}

async function organizationsIn(directory: string): Promise<readonly string[]> {
  const documents = await documentsIn(directory);
  return documents.flatMap(({ key }) => (key.startsWith("policy:") ? [key.slice("policy:".length)] : []));
}

async function documentsIn(directory: string): Promise<readonly { readonly key: string; readonly path: string }[]> {
  // A directory that is not there yet is begun with this very document.
  const exists = await listTrustFiles(directory).then(
    () => true,
    () => false,
  );
  return exists ? (await readTrustDirectory(directory, WIDEST_RULES)).documents : [];
}
