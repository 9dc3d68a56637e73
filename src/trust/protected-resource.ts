import * as z from "zod";
import { normalizeUrl } from "../dpop/normalize-url.ts";
import { LIMITS } from "../limits.ts";
import { scopeTokenSchema } from "../policy/scope.ts";
import { clientIdSchema } from "./client.ts";
import { detailsTypeNameSchema, detailsTypeSchema } from "./details-type.ts";
import { providerTokensSchema, undefinedScopes } from "./provider-tokens.ts";
import { upstreamCredentialSchema } from "./upstream-credential.ts";
import { guardrailsSchema } from "./guardrail.ts";
import { type PublishedTools, virtualServerSchema } from "./virtual-server.ts";

/** What one scope lets a caller do at the MCP server: whole methods, and for tools/call the tools by name. */
const scopeMeaningSchema = z.strictObject({
  description: z.string().min(1).max(1024),
  /** JSON-RPC methods, e.g. "tools/list". "tools/call" here means every tool; name tools instead where you can. */
  methods: z.array(z.string().min(1).max(LIMITS.identifierBytes)).max(256).default([]),
  tools: z.array(z.string().min(1).max(LIMITS.identifierBytes)).max(LIMITS.valuesPerSelector).default([]),
});

/** An MCP server behind the gateway. Its identifier is the URL that clients use, byte for byte (RFC 9728 §3.3). */
export const protectedResourceSchema = z
  .strictObject({
    $schema: z.string().optional(),
    resource: z.string().min(1).max(LIMITS.urlBytes),
    name: z.string().min(1).max(LIMITS.identifierBytes),
    owner: z.string().max(LIMITS.identifierBytes).optional(),
    enabled: z.boolean().default(true),
    /** The MCP server's own URL. A virtual server has none. */
    upstream: z.string().max(LIMITS.urlBytes).optional(),
    /** In place of upstream: tools of other servers, published here by names of this server's own. */
    virtual: virtualServerSchema.optional(),
    upstream_credential: upstreamCredentialSchema.default({ type: "none" }),
    scopes: z.record(scopeTokenSchema, scopeMeaningSchema),
    /** Types of authorization_details (RFC 9396) that it understands; any other is refused. */
    authorization_details_types: z.record(detailsTypeNameSchema, detailsTypeSchema).default({}),
    /** Scopes that a first 401 challenge asks for; all of them when absent. */
    challenge_scopes: z.array(scopeTokenSchema).max(LIMITS.scopeTokens).optional(),
    token_lifetime_seconds: z
      .int()
      .min(1)
      .max(LIMITS.accessTokenLifetimeMaximumSeconds)
      .default(LIMITS.accessTokenLifetimeSeconds),
    dpop_required: z.boolean().default(false),
    /** Providers whose own access tokens are taken here, beside ours; none when empty. */
    provider_tokens: providerTokensSchema,
    /** Who may ask at /introspect whether a token for this server is good: resource servers, by their client records. */
    introspection: z
      .strictObject({ clients: z.array(clientIdSchema).min(1).max(LIMITS.introspectionClients) })
      .optional(),
    /** What looks at calls and their answers, in this order. */
    guardrails: guardrailsSchema.default([]),
    /** hold_back: only tools whose definition is in the document tools:<resource> are shown, and may be called. */
    tool_approval: z.enum(["off", "hold_back"]).default("off"),
    /** Browser origins that may call this server; requests without an Origin header are not from a browser. */
    allowed_origins: z
      .array(z.string().refine(isOrigin, "an origin as browsers send it: scheme and host, no slash"))
      .max(64)
      .default([]),
  })
  .refine(({ upstream, virtual }) => (upstream === undefined) !== (virtual === undefined), {
    path: ["upstream"],
    message: "either upstream, the server's URL, or virtual, the tools of other servers",
  })
  .refine(({ virtual, upstream_credential }) => virtual === undefined || upstream_credential.type === "none", {
    path: ["upstream_credential"],
    message: "a virtual server presents what its members' documents say",
  })
  .refine(({ virtual, guardrails }) => virtual === undefined || guardrails.length === 0, {
    path: ["guardrails"],
    message: "those of a virtual server's members look at its calls",
  })
  .refine(({ virtual, tool_approval }) => virtual === undefined || tool_approval === "off", {
    path: ["tool_approval"],
    message: "tools are approved at the servers that have them",
  })
  .refine((resource) => Object.keys(resource.scopes).length <= LIMITS.scopeTokens, {
    path: ["scopes"],
    message: `at most ${LIMITS.scopeTokens}: a token carries no more`,
  })
  .refine((resource) => Object.keys(resource.authorization_details_types).length <= LIMITS.detailsTypes, {
    path: ["authorization_details_types"],
    message: `at most ${LIMITS.detailsTypes}`,
  })
  .refine((resource) => undefinedScopes(resource.provider_tokens, Object.keys(resource.scopes)).length === 0, {
    path: ["provider_tokens"],
    message: "translates into a scope that scopes does not define",
  })
  .refine((resource) => !isReserved(resource.resource), {
    path: ["resource"],
    message: "this path is the authorization server's own",
  })
  .refine((resource) => isCanonical(resource.resource), {
    path: ["resource"],
    message: "an absolute URL in its canonical spelling, without query and fragment",
  })
  .refine(({ resource }) => !isCanonical(resource) || normalizeUrl(resource) !== null, {
    path: ["resource"],
    message: "percent-encode what no path may hold as it is (RFC 3986 §3.3): no DPoP proof could ever name this URL",
  })
  .refine((resource) => (resource.challenge_scopes ?? []).every((scope) => Object.hasOwn(resource.scopes, scope)), {
    path: ["challenge_scopes"],
    message: "names a scope that scopes does not define",
  });

type Stated = z.output<typeof protectedResourceSchema>;

/** What stands before one MCP server, and what has none of its own. */
export type ForwardedServer = Stated & { readonly upstream: string; readonly virtual?: undefined };
export type VirtualServer = Stated & { readonly upstream?: undefined; readonly virtual: PublishedTools };
export type ProtectedResource = ForwardedServer | VirtualServer;

const RESERVED_PATH =
  /^\/(?:token|jwks|authorize|health|revoke|introspect|signals|global-token-revocation|(?:admin|approvals|schemas|connect)(?:\/.*)?|\.well-known\/.*)\/*$/;

/** The router answers these itself, whatever host they are asked of. */
function isReserved(text: string): boolean {
  return URL.canParse(text) && RESERVED_PATH.test(new URL(text).pathname);
}

/** One spelling for one server: what the URL parser would change could never match what a client asks for. */
function isCanonical(text: string): boolean {
  if (!URL.canParse(text) || text.includes("?") || text.includes("#")) return false;
  const url = new URL(text);
  return url.href === text || url.origin === text;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
