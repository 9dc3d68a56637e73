import * as z from "zod";
import type { Egress } from "../egress/exchange.ts";
import { findUrlFlaw } from "../egress/url-policy.ts";
import { LIMITS } from "../limits.ts";
import { ask, readJsonAnswer } from "./ask.ts";
import { readChallenges } from "./challenge.ts";
import { OAuthFailure } from "./oauth-failure.ts";

/** ID-JAG §7.2. */
const GRANT_PROFILE_ID_JAG = "urn:ietf:params:oauth:grant-profile:id-jag";

/** Of an authorization server, what a client needs to know (RFC 8414 §2). */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** null where people cannot sign in. */
  readonly authorizationEndpoint: string | null;
  readonly revocationEndpoint: string | null;
  readonly jwksUri: string | null;
  /** RFC 8414 §2: client_secret_basic where it does not say. */
  readonly clientAuthenticationMethods: readonly string[];
  readonly hasS256: boolean;
  /** RFC 9207 §3: it says who it is in each authorization response. */
  readonly namesItself: boolean;
  readonly acceptsMetadataDocuments: boolean;
  /** It redeems ID-JAGs (Cross App Access). */
  readonly redeemsIdJags: boolean;
}

const url = z.string().max(LIMITS.urlBytes);
const names = z.array(z.string().max(LIMITS.identifierBytes)).max(64);

/** Members that mean nothing here are theirs to have. */
const serverSchema = z.object({
  issuer: url,
  token_endpoint: url,
  authorization_endpoint: url.optional(),
  revocation_endpoint: url.optional(),
  jwks_uri: url.optional(),
  token_endpoint_auth_methods_supported: names.optional(),
  code_challenge_methods_supported: names.optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
  authorization_grant_profiles_supported: names.optional(),
});

const resourceSchema = z.object({
  resource: url,
  authorization_servers: z.array(url).min(1).max(LIMITS.authorizationServersPerResource),
});

/**
 * Metadata of the server with exactly this issuer identifier (RFC 8414 §3.3): one that is only equal once it has been
 * parsed is another. Asked for as RFC 8414 has it, then in the two forms of OpenID Connect. @throws OAuthFailure
 */
export async function discoverAuthorizationServer(issuer: string, egress: Egress): Promise<AuthorizationServer> {
  for (const address of metadataAddresses(issuer)) {
    // oxlint-disable-next-line no-await-in-loop -- the next is asked only where there is nothing at this one
    const document = await readMetadata(address, egress);
    if (document !== null) return readServer(document, issuer, egress);
  }
  throw new OAuthFailure("metadata_absent");
}

function metadataAddresses(issuer: string): readonly string[] {
  if (!URL.canParse(issuer)) throw new OAuthFailure("address");
  const { origin, pathname, search } = new URL(issuer);
  if (search !== "" || issuer.includes("?")) throw new OAuthFailure("address");
  const path = pathname.replace(/\/$/, "");
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ];
}

function readServer(document: unknown, issuer: string, { rules }: Egress): AuthorizationServer {
  const { data } = serverSchema.safeParse(document);
  if (data === undefined) throw new OAuthFailure("metadata_malformed");
  if (data.issuer !== issuer) throw new OAuthFailure("issuer_mismatch");
  const addresses = [data.token_endpoint, data.authorization_endpoint, data.revocation_endpoint, data.jwks_uri];
  // A browser is sent to one of these, and a secret to another (CVE-2025-6514).
  if (addresses.some((address) => address !== undefined && findUrlFlaw(address, rules) !== null)) {
    throw new OAuthFailure("address");
  }
  return {
    issuer,
    tokenEndpoint: data.token_endpoint,
    authorizationEndpoint: data.authorization_endpoint ?? null,
    revocationEndpoint: data.revocation_endpoint ?? null,
    jwksUri: data.jwks_uri ?? null,
    clientAuthenticationMethods: data.token_endpoint_auth_methods_supported ?? ["client_secret_basic"],
    hasS256: data.code_challenge_methods_supported?.includes("S256") === true,
    namesItself: data.authorization_response_iss_parameter_supported === true,
    acceptsMetadataDocuments: data.client_id_metadata_document_supported === true,
    redeemsIdJags: data.authorization_grant_profiles_supported?.includes(GRANT_PROFILE_ID_JAG) === true,
  };
}

/**
 * The authorization server that a protected resource names (RFC 9728). Its metadata is looked for where the URL has it,
 * then where its challenge says; it must be about exactly this URL (§3.3), or another's server would get what we send.
 * @throws OAuthFailure
 */
export async function discoverIssuerOf(resource: string, egress: Egress): Promise<string> {
  const { origin, pathname } = new URL(resource);
  const wellKnown = `${origin}/.well-known/oauth-protected-resource${pathname === "/" ? "" : pathname}`;
  const document = (await readMetadata(wellKnown, egress)) ?? (await readChallenged(resource, egress));
  const { data } = resourceSchema.safeParse(document);
  if (document === null || data === undefined) {
    throw new OAuthFailure(document === null ? "metadata_absent" : "metadata_malformed");
  }
  if (data.resource !== resource) throw new OAuthFailure("resource_mismatch");
  const [issuer, ...others] = data.authorization_servers;
  if (issuer === undefined || others.length > 0) throw new OAuthFailure("authorization_server_ambiguous");
  return issuer;
}

/** §5.1; at the resource's own origin alone: its challenge is no way to have us contact whom it likes. */
async function readChallenged(resource: string, egress: Egress): Promise<unknown> {
  const headers = { accept: "application/json, text/event-stream" };
  const { status, headers: answered } = await ask(
    { url: resource, method: "GET", headers, body: null, maximumBytes: 0 },
    egress,
  );
  const challenges = status === 401 ? readChallenges(answered.get("www-authenticate")) : [];
  const named = challenges.map(({ parameters }) => parameters.get("resource_metadata"));
  const address = named.find((value) => value !== undefined);
  if (address === undefined) return null;
  if (!URL.canParse(address) || new URL(address).origin !== new URL(resource).origin) throw new OAuthFailure("address");
  return readMetadata(address, egress);
}

/** @returns null where there is no such document; a page for people that says 200 is none either. */
async function readMetadata(address: string, egress: Egress): Promise<unknown> {
  const headers = { accept: "application/json" };
  const answer = await ask({ url: address, method: "GET", headers, body: null }, egress);
  const isJson = answer.headers.get("content-type")?.toLowerCase().startsWith("application/json") === true;
  if (answer.status !== 200 || !isJson) return null;
  const document = readJsonAnswer(answer);
  if (document === null) throw new OAuthFailure("metadata_malformed");
  return document;
}
