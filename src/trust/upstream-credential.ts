import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { parseScope } from "../policy/scope.ts";
import { headerNameSchema } from "./header-name.ts";

/** A name in the vault, never a value: `crossgate vault set NAME`. */
export const SECRET_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/;
export const secretNameSchema = z
  .string()
  .max(LIMITS.secretNameCharacters)
  .regex(SECRET_NAME, "the name of a secret in the vault: lower-case letters, digits, dots, dashes and underscores");

const SECRET_PLACE = "{secret}";
const formatSchema = z
  .string()
  .max(LIMITS.headerFormatCharacters)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, "printable ASCII without spaces around it")
  .refine((format) => format.split(SECRET_PLACE).length === 2, `must hold ${SECRET_PLACE} once`);

const urlSchema = z.string().min(1).max(LIMITS.urlBytes);
const identifierSchema = z.string().min(1).max(LIMITS.identifierBytes);
const scopeSchema = z
  .string()
  .max(LIMITS.scopeTokens * (LIMITS.scopeTokenBytes + 1))
  .refine((scope) => parseScope(scope) !== null, "scope tokens with one space between them (RFC 6749 §3.3)");

/**
 * RFC 6749 §2.3.1 and RFC 7523 §2.2; `secret` names a password, or for private_key_jwt the private JWK. Without one that
 * method signs with our own key, which /jwks publishes.
 */
const authenticationMethodSchema = z.enum(["client_secret_basic", "client_secret_post", "private_key_jwt"]);
const registrationShape = {
  client_id: identifierSchema,
  method: authenticationMethodSchema,
  secret: secretNameSchema.optional(),
};
const registrationSchema = z
  .strictObject(registrationShape)
  .refine((client) => !lacksSecret(client), { path: ["secret"], message: "this method proves itself by one" });
/** Of the upstream's authorization server; found by RFC 9728 and RFC 8414 where absent. */
const authorizationServerSchema = urlSchema.optional();

const noneSchema = z.strictObject({ type: z.literal("none") });

/** One key or password for everybody, as the upstream's owner handed it out. */
const secretSchema = z.strictObject({
  type: z.literal("secret"),
  header: headerNameSchema.default("authorization"),
  format: formatSchema.default(`Bearer ${SECRET_PLACE}`),
  secret: secretNameSchema,
});

/** What our access tokens know of a person, by the name that it has in a token for the upstream. */
const IDENTITY_CLAIMS = [
  "organization",
  "tenant",
  "groups",
  "email_domain",
  "act",
  "acr",
  "amr",
  "auth_time",
  "scope",
] as const;
/** What a plain header may say; each of them one text. */
const HEADER_CLAIMS = [
  "sub",
  "iss",
  "client_id",
  "organization",
  "tenant",
  "groups",
  "email_domain",
  "act",
  "scope",
] as const;

/** A token of ours that tells the upstream who is calling. */
const identitySchema = z.strictObject({
  type: z.literal("identity"),
  header: headerNameSchema.default("authorization"),
  /** The upstream's own URL when absent. */
  audience: urlSchema.optional(),
  shape: z.enum(["at+jwt", "txntoken+jwt"]).default("at+jwt"),
  claims: z.array(z.enum(IDENTITY_CLAIMS)).max(IDENTITY_CLAIMS.length).default([]),
  /** Plain headers beside the token, by name, for upstreams that read no JWT. */
  headers: z.record(headerNameSchema, z.enum(HEADER_CLAIMS)).default({}),
});

/** RFC 6749 §4.4: we are the client, whoever calls. */
const clientCredentialsSchema = z.strictObject({
  type: z.literal("client_credentials"),
  authorization_server: authorizationServerSchema,
  ...registrationShape,
  scope: scopeSchema.optional(),
});

/** RFC 8693 at the upstream's authorization server. */
const tokenExchangeSchema = z.strictObject({
  type: z.literal("token_exchange"),
  authorization_server: authorizationServerSchema,
  ...registrationShape,
  /** What is exchanged: a token of ours about the caller, or what the identity provider gave us for him at /connect. */
  subject_token: z.enum(["identity", "idp_token"]).default("identity"),
  audience: identifierSchema.optional(),
  resource: urlSchema.optional(),
  scope: scopeSchema.optional(),
});

/** RFC 6749 §4.1: each person grants us access once, at /connect. */
const authorizationCodeSchema = z.strictObject({
  type: z.literal("authorization_code"),
  authorization_server: authorizationServerSchema,
  client: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("registered"),
      client_id: identifierSchema,
      method: z.enum(["none", ...authenticationMethodSchema.options]).default("none"),
      secret: secretNameSchema.optional(),
    }),
    /** Our own Client ID Metadata Document. */
    z.strictObject({ kind: z.literal("metadata_document") }),
  ]),
  scope: scopeSchema.optional(),
});

/** Cross App Access: the person's identity provider vouches for us at the upstream's authorization server. */
const xaaSchema = z.strictObject({
  type: z.literal("xaa"),
  /** The identity provider's issuer. */
  idp: urlSchema,
  idp_client: registrationSchema,
  authorization_server: authorizationServerSchema,
  client: registrationSchema,
  scope: scopeSchema.optional(),
  resource: urlSchema.optional(),
  audience: urlSchema.optional(),
});

const shapesSchema = z.discriminatedUnion("type", [
  noneSchema,
  secretSchema,
  identitySchema,
  clientCredentialsSchema,
  tokenExchangeSchema,
  authorizationCodeSchema,
  xaaSchema,
]);

export type UpstreamCredential = z.output<typeof shapesSchema>;

/** What the gateway presents to an upstream instead of the caller's token, which never leaves. */
export const upstreamCredentialSchema = shapesSchema
  .refine((credential) => !hasLonelySecret(credential), {
    path: ["client", "secret"],
    message: "a method that proves itself by a secret names it; none names none",
  })
  .refine((credential) => !("method" in credential) || !lacksSecret(credential), {
    path: ["secret"],
    message: "this method proves itself by one",
  })
  .refine((credential) => !letsServerBeFound(credential), {
    path: ["authorization_server"],
    message: "name the server whom this secret is for; only private_key_jwt may leave it to be found",
  })
  .refine((credential) => !repeatsHeader(credential), {
    path: ["headers"],
    message: "names a header twice, or that of the token",
  });

export type UpstreamCredentialType = UpstreamCredential["type"];
export type CredentialOfType<Type extends UpstreamCredentialType> = Extract<
  UpstreamCredential,
  { readonly type: Type }
>;

export function formatSecret(format: string, secret: string): string {
  return format.split(SECRET_PLACE).join(secret);
}

function hasLonelySecret(credential: UpstreamCredential): boolean {
  if (credential.type !== "authorization_code" || credential.client.kind !== "registered") return false;
  const { method, secret } = credential.client;
  return method === "none" ? secret !== undefined : lacksSecret({ method, secret });
}

function lacksSecret({ method, secret }: { readonly method: string; readonly secret?: string | undefined }): boolean {
  return method !== "private_key_jwt" && secret === undefined;
}

/** The upstream says which server it trusts; it must not come to say who is sent our password. */
function letsServerBeFound(credential: UpstreamCredential): boolean {
  if (credential.type === "xaa") return isUnnamed(credential.authorization_server, credential.client);
  if (credential.type === "authorization_code") {
    const { client, authorization_server: server } = credential;
    return client.kind === "registered" && client.method !== "none" && isUnnamed(server, client);
  }
  // Nor who is sent what a person's provider has given us.
  const lends = credential.type === "token_exchange" && credential.subject_token === "idp_token";
  if (lends && credential.authorization_server === undefined) return true;
  const isOurs = credential.type === "client_credentials" || credential.type === "token_exchange";
  return isOurs && isUnnamed(credential.authorization_server, credential);
}

function isUnnamed(server: string | undefined, { method }: { readonly method: string }): boolean {
  return server === undefined && method !== "private_key_jwt";
}

function repeatsHeader(credential: UpstreamCredential): boolean {
  if (credential.type !== "identity") return false;
  const names = [credential.header, ...Object.keys(credential.headers)].map((name) => name.toLowerCase());
  return new Set(names).size < names.length;
}

/** The URLs that we would contact because a document says so, by their place in it. */
export function contactedUrls(
  credential: UpstreamCredential,
): readonly { readonly path: string; readonly url: string }[] {
  const server = "authorization_server" in credential ? credential.authorization_server : undefined;
  return [
    ...(server === undefined ? [] : [{ path: "authorization_server", url: server }]),
    ...(credential.type === "xaa" ? [{ path: "idp", url: credential.idp }] : []),
  ].map(({ path, url }) => ({ path: `upstream_credential.${path}`, url }));
}
