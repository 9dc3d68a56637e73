import * as z from "zod";
import { FetchFailed, type FetchFlaw, fetchText } from "../../src/egress/bounded-fetch.ts";
import { type EgressRules, findUrlFlaw } from "../../src/egress/url-policy.ts";
import { AmbiguousJson, parseStrictObject } from "../../src/jwt/strict-json.ts";
import { rulesOfNeighbourhood } from "../check/urls.ts";
import { CommandError } from "../command-error.ts";

const BOUNDS = { bytes: 256 * 1024, milliseconds: 5_000 };
const JSON_BOUNDS = { depth: 12, members: 4096, foldCaseDepth: 0 };

const metadataSchema = z.looseObject({
  issuer: z.string(),
  jwks_uri: z.string(),
  id_token_signing_alg_values_supported: z.array(z.string()).optional(),
});
const keySetSchema = z.looseObject({ keys: z.array(z.unknown()).max(256) });

export interface Discovered {
  readonly issuer: string;
  readonly metadataUrl: string;
  readonly jwksUri: string;
  /** As the provider lists them; null when it does not. */
  readonly algorithms: readonly string[] | null;
  readonly keys: readonly unknown[];
}

/** @throws CommandError: nothing that is found somewhere else than the issuer says is worth a document */
export async function discover(issuer: string): Promise<Discovered> {
  // A provider runs beside Crossgate in nobody's production, and on many a developer's machine.
  const rules = rulesOfNeighbourhood(issuer);
  const flaw = findUrlFlaw(issuer, rules);
  if (flaw !== null) {
    throw new CommandError(
      `${issuer} is not an issuer that can be asked (${flaw}). Give its https URL, as it stands in iss.`,
    );
  }
  const { metadataUrl, metadata } = await findMetadata(issuer, rules);
  requireSameIssuer(metadata.issuer, { issuer, metadataUrl });
  const { keys } = await readJson(metadata.jwks_uri, keySetSchema, rules);
  const algorithms = metadata.id_token_signing_alg_values_supported ?? null;
  return { issuer, metadataUrl, jwksUri: metadata.jwks_uri, algorithms, keys };
}

/** OpenID Connect Discovery §4 appends to the issuer, RFC 8414 §3 puts the same before its path. */
function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function findMetadata(issuer: string, rules: EgressRules) {
  const failures: string[] = [];
  for (const metadataUrl of metadataUrls(issuer)) {
    try {
      return { metadataUrl, metadata: await readJson(metadataUrl, metadataSchema, rules) };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(error.message);
    }
  }
  throw new CommandError(
    `${failures.join("\n")}\nCheck the issuer's spelling, or write its document by hand: config/schema/idp.schema.json says what goes into it.`,
  );
}

/** RFC 8414 §3.3: metadata that names another issuer must not be used (mix-up). */
function requireSameIssuer(stated: string, { issuer, metadataUrl }: { issuer: string; metadataUrl: string }): void {
  if (stated === issuer) return;
  throw new CommandError(
    `${metadataUrl} says that its issuer is ${JSON.stringify(stated)}, not "${issuer}". Give the one that stands in iss, byte for byte; a slash at the end makes a difference.`,
  );
}

async function readJson<Output>(url: string, schema: z.ZodType<Output>, rules: EgressRules): Promise<Output> {
  try {
    return schema.parse(parseStrictObject(await fetchText(url, { ...BOUNDS, rules }), JSON_BOUNDS));
  } catch (error) {
    if (error instanceof FetchFailed) throw new CommandError(`${url} ${WORDS[error.flaw]}.`);
    if (error instanceof AmbiguousJson) throw new CommandError(`${url} is not usable JSON: ${error.message}.`);
    if (error instanceof z.ZodError)
      throw new CommandError(`${url} lacks ${error.issues[0]?.path.join(".") ?? "a member"}.`);
    throw error;
  }
}

const WORDS: Record<FetchFlaw, string> = {
  url: "is not an https address with a public host name",
  unreachable: `did not answer within ${BOUNDS.milliseconds / 1000} s`,
  redirect: "redirects, which is not followed",
  status: "did not answer 200",
  too_large: `is larger than ${BOUNDS.bytes} bytes`,
  not_text: "is not UTF-8",
};
