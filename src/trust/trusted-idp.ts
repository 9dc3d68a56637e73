import * as z from "zod";
import { ALGORITHMS } from "../jwt/json-web-key.ts";
import { LIMITS } from "../limits.ts";
import { organizationSchema } from "../policy/organization.ts";
import { scopeTokenSchema } from "../policy/scope.ts";
import { keySourceSchema } from "./key-source.ts";
import { accessTokensSchema } from "./provider-tokens.ts";
import { secretNameSchema } from "./upstream-credential.ts";
import { type ResolutionMeans, type SubjectResolution, subjectResolutionSchema } from "./subject-resolution.ts";

/** Of the kinds that an identity provider may issue, those that we know how to redeem. */
export const ASSERTION_TYPES = ["id-jag"] as const;
export type AssertionType = (typeof ASSERTION_TYPES)[number];

const scopesSchema = z.array(scopeTokenSchema).max(LIMITS.scopeTokens);

/**
 * Who we are at the provider when people sign in at /connect. With private_key_jwt we sign with our own keys, those of
 * /jwks, and there is no secret to keep.
 */
const signInSchema = z
  .strictObject({
    client_id: z.string().min(1).max(LIMITS.identifierBytes),
    method: z.enum(["private_key_jwt", "client_secret_basic", "client_secret_post"]).default("private_key_jwt"),
    /** The name of the client's secret in the vault. */
    secret: secretNameSchema.optional(),
    /** What tells us who somebody is. */
    scopes: scopesSchema.min(1).default(["openid", "email"]),
    /** Asked for besides, where a sign-in is lent to us (`xaa`, and `token_exchange` of the provider's own token). */
    refresh_scopes: scopesSchema.default(["offline_access"]),
  })
  .refine(({ scopes }) => scopes.includes("openid"), {
    path: ["scopes"],
    message: "must hold openid: without it no provider says who has signed in",
  })
  .refine(({ method, secret }) => (method === "private_key_jwt") === (secret === undefined), {
    path: ["secret"],
    message: "belongs to client_secret_basic and client_secret_post, which need one",
  });

export type SignIn = z.output<typeof signInSchema>;

/**
 * An identity provider whose ID-JAGs we redeem, and the organization whose users it may assert: one organization, or
 * for an issuer that many customers share a map from its `tenant` to ours. Numbers may tighten the caps, never widen.
 */
export const trustedIdpSchema = z
  .strictObject({
    $schema: z.string().optional(),
    issuer: z.string().min(1).max(LIMITS.urlBytes),
    name: z.string().min(1).max(LIMITS.identifierBytes),
    enabled: z.boolean().default(true),
    organization: organizationSchema.optional(),
    tenants: z.record(z.string().min(1).max(LIMITS.identifierBytes), organizationSchema).optional(),
    key_set: keySourceSchema,
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(["ES256", "RS256"]),
    maximum_lifetime_seconds: z
      .int()
      .min(1)
      .max(LIMITS.assertionLifetimeMaximumSeconds)
      .default(LIMITS.assertionLifetimeSeconds),
    clock_tolerance_seconds: z
      .int()
      .min(0)
      .max(LIMITS.clockToleranceMaximumSeconds)
      .default(LIMITS.clockToleranceSeconds),
    /** The claim that lists the subject's groups; without it, no rule that selects on groups matches. */
    groups_claim: z.string().min(1).max(LIMITS.identifierBytes).optional(),
    /** Domains whose addresses this provider may assert. Nobody else's word on an address counts. */
    email_domains: z
      .array(z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, "a domain in lower case"))
      .max(1024)
      .default([]),
    /** Kinds of assertion that are redeemed; an empty list redeems nothing, and leaves the rest of the record standing. */
    assertion_types: z
      .array(z.enum(ASSERTION_TYPES))
      .max(ASSERTION_TYPES.length)
      .default([...ASSERTION_TYPES]),
    /** How its users become ours. */
    subject_resolution: subjectResolutionSchema.default({ mode: "automatic" }),
    /** The entity id of the SAML identity provider whose names (`sub_id`) this issuer may assert. */
    saml_issuer: z.string().min(1).max(LIMITS.urlBytes).optional(),
    /**
     * `until_expiry` lets the client that redeemed an assertion, with the same key where it proves one, redeem it again
     * until it expires. MCP (EMA §7.4.2) demands `single`.
     */
    assertion_use: z.enum(["single", "until_expiry"]).default("single"),
    /**
     * Whether this provider's security events (Shared Signals) are heard, at /signals. Each that is pushed (RFC 8935) must
     * then carry the Authorization header that its stream was set up with, where digests of one are given.
     */
    signals: z
      .strictObject({
        authorization_digests: z
          .array(z.string().regex(/^hmac-sha256:[0-9a-f]{64}$/, "make one with: npx crossgate secret"))
          .max(4)
          .default([]),
        /** Members of complex subjects without which an event means something else, as its stream says (SSF 1.0 §7). */
        critical_subject_members: z.array(z.string().min(1).max(64)).max(16).default([]),
        /** Where its events are fetched (RFC 8936) once a minute, beside or instead of being pushed. */
        poll: z
          .strictObject({
            endpoint: z.string().min(1).max(LIMITS.urlBytes),
            /** The name of a secret in the vault: the Authorization header that this takes. */
            authorization_secret: secretNameSchema.optional(),
          })
          .optional(),
        /** Whether it may end all that a user has, at /global-token-revocation. */
        global_token_revocation: z.boolean().default(false),
      })
      .optional(),
    /** How people sign in with this provider, at /connect; absent: they do not. */
    sign_in: signInSchema.optional(),
    /** Its own access tokens, for servers whose records say that they take them; absent: no server does. */
    access_tokens: accessTokensSchema.optional(),
    /** An assertion without `scope`: refuse it, or leave the ceiling to client, resource and policy. */
    scope_absent: z.enum(["refuse", "policy_decides"]).default("refuse"),
  })
  .refine((idp) => (idp.organization === undefined) !== (idp.tenants === undefined), {
    path: ["organization"],
    message: "state either organization or, for an issuer that several customers share, tenants",
  })
  .refine((idp) => !resolvesBy(idp.subject_resolution, "email") || idp.email_domains.length > 0, {
    path: ["email_domains"],
    message: "subjects are resolved by email: state the domains for which this provider speaks",
  })
  .refine((idp) => !resolvesBy(idp.subject_resolution, "saml_nameid") || idp.saml_issuer !== undefined, {
    path: ["saml_issuer"],
    message: "subjects are resolved by saml_nameid: state the SAML issuer whose names this provider may assert",
  });

export type TrustedIdp = z.output<typeof trustedIdpSchema>;

function resolvesBy(resolution: SubjectResolution, means: ResolutionMeans): boolean {
  if (resolution.mode === "automatic") return false;
  return resolution.by.includes(means) || (means === "saml_nameid" && resolution.saml_nameid_required);
}
