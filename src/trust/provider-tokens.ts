import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { scopeTokenSchema } from "../policy/scope.ts";
import { clientIdSchema } from "./client.ts";

const foreignName = z.string().min(1).max(LIMITS.identifierBytes);

/**
 * Of a provider: what its own access tokens look like, for servers that take them from agents without Cross App Access.
 * They say who may be behind one: each of its clients that is to be let in is named, and is one of ours.
 */
export const accessTokensSchema = z.strictObject({
  /** What their `typ` may be. RFC 9068 says at+jwt; where a provider calls every JWT a JWT, its ID tokens do so too. */
  types: z
    .array(z.enum(["at+jwt", "jwt", "none"]))
    .min(1)
    .max(3)
    .default(["at+jwt"]),
  /** The claim that names the provider's client. */
  client_claim: z.enum(["client_id", "azp", "cid", "appid"]).default("client_id"),
  /** Its clients, by the names that they have there: our client whose record stands for each. */
  clients: z
    .record(foreignName, clientIdSchema)
    .refine((clients) => Object.keys(clients).length > 0, "name at least one, or leave access_tokens out")
    .refine((clients) => Object.keys(clients).length <= LIMITS.providerClients, `at most ${LIMITS.providerClients}`),
  scope_claim: z.enum(["scope", "scp"]).default("scope"),
  /** One that lives longer is refused. */
  maximum_lifetime_seconds: z
    .int()
    .min(1)
    .max(LIMITS.providerTokenLifetimeMaximumSeconds)
    .default(LIMITS.providerTokenLifetimeSeconds),
});

export type ProviderAccessTokens = z.output<typeof accessTokensSchema>;

/** Of a server: a provider whose own access tokens are taken there, and what in them is meant for it. */
const acceptedSchema = z.strictObject({
  /** The one audience that they must have; the server's own URL when absent (RFC 8707). */
  audience: z.string().min(1).max(LIMITS.urlBytes).optional(),
  /**
   * What their scopes are here: `as_stated`, the server's own by the same names; `policy_decides`, all that client and
   * policy permit, whatever they say; or for each of the provider's scopes the server's that it stands for.
   */
  scopes: z
    .union([
      z.enum(["as_stated", "policy_decides"]),
      z.record(scopeTokenSchema, z.array(scopeTokenSchema).max(LIMITS.scopeTokens)),
    ])
    .default("as_stated"),
});

export type AcceptedProvider = z.output<typeof acceptedSchema>;

/** By issuer. */
export const providerTokensSchema = z
  .record(z.string().min(1).max(LIMITS.urlBytes), acceptedSchema)
  .refine((accepted) => Object.keys(accepted).length <= LIMITS.providersPerResource, {
    message: `at most ${LIMITS.providersPerResource}`,
  })
  .default({});

type AcceptedProviders = z.output<typeof providerTokensSchema>;

/** @returns null for an issuer whose tokens the server does not take, and for what no record names but every object has */
export function findAccepted(accepted: AcceptedProviders, issuer: unknown): AcceptedProvider | null {
  if (typeof issuer !== "string" || !Object.hasOwn(accepted, issuer)) return null;
  return accepted[issuer] ?? null;
}

/** Scopes of the server that nothing defines, named where the provider's are translated. */
export function undefinedScopes(accepted: AcceptedProviders, defined: readonly string[]): readonly string[] {
  const named = Object.values(accepted).flatMap(({ scopes }) =>
    typeof scopes === "string" ? [] : Object.values(scopes).flat(),
  );
  return [...new Set(named)].filter((scope) => !defined.includes(scope));
}
