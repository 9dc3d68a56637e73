import * as z from "zod";
import { ALGORITHMS } from "../jwt/json-web-key.ts";
import { LIMITS } from "../limits.ts";
import { scopeTokenSchema } from "../policy/scope.ts";
import { isClientPattern, isMetadataDocumentUrl, isWellFormedPattern } from "../egress/client-identifier.ts";
import { type KeySource, keySourceSchema } from "./key-source.ts";

export const CLIENT_AUTHENTICATION_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"] as const;
export type ClientAuthenticationMethod = (typeof CLIENT_AUTHENTICATION_METHODS)[number];

export const GRANT_TYPE_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const GRANT_TYPE_JWT_DPOP = "urn:ietf:params:oauth:grant-type:jwt-dpop";
export const GRANT_TYPES = [GRANT_TYPE_JWT_BEARER, GRANT_TYPE_JWT_DPOP] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

const authenticationSchema = z
  .strictObject({
    methods: z.array(z.enum(CLIENT_AUTHENTICATION_METHODS)).min(1),
    /** Two at a time let a secret be replaced without an interruption. */
    secret_digests: z
      .array(z.string().regex(/^hmac-sha256:[0-9a-f]{64}$/, "make one with: npx crossgate secret"))
      .max(4)
      .default([]),
    key_set: keySourceSchema.optional(),
    /** The keys are in the Client ID Metadata Document that client_id is the URL of. */
    metadata_document: z.boolean().default(false),
    algorithms: z.array(z.enum(ALGORITHMS)).min(1).default(["ES256", "RS256"]),
  })
  .refine(({ methods, secret_digests }) => usesSecret(methods) === secret_digests.length > 0, {
    path: ["secret_digests"],
    message: "needed for client_secret_basic and client_secret_post, and for nothing else",
  })
  .refine(
    ({ methods, metadata_document }) => !metadata_document || methods.every((method) => method === "private_key_jwt"),
    {
      path: ["methods"],
      message: "with metadata_document, private_key_jwt and no other: everybody can read the document",
    },
  )
  .refine(({ metadata_document, key_set }) => !metadata_document || key_set === undefined, {
    path: ["key_set"],
    message: "left out with metadata_document: the keys are there",
  })
  .refine(({ methods, ...keys }) => methods.includes("private_key_jwt") === hasKeys(keys), {
    path: ["key_set"],
    message: "needed for private_key_jwt, and for nothing else",
  });

function usesSecret(methods: readonly ClientAuthenticationMethod[]): boolean {
  return methods.some((method) => method !== "private_key_jwt");
}

function hasKeys({
  key_set,
  metadata_document,
}: {
  key_set?: KeySource | undefined;
  metadata_document: boolean;
}): boolean {
  return key_set !== undefined || metadata_document;
}

export const clientIdSchema = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "printable ASCII without spaces")
  .max(LIMITS.identifierBytes);

/** An agent as registered here: how it proves who it is, and the ceiling of what it may ever be granted. */
export const clientSchema = z
  .strictObject({
    $schema: z.string().optional(),
    client_id: clientIdSchema,
    name: z.string().min(1).max(LIMITS.identifierBytes),
    enabled: z.boolean().default(true),
    authentication: authenticationSchema,
    grant_types: z.array(z.enum(GRANT_TYPES)).default([...GRANT_TYPES]),
    resources: z.array(z.string().max(LIMITS.urlBytes)).max(LIMITS.valuesPerSelector),
    scopes: z.union([z.literal("any"), z.array(scopeTokenSchema).max(LIMITS.scopeTokens)]),
    dpop_required: z.boolean().default(false),
  })
  .refine(({ client_id, authentication }) => !authentication.metadata_document || isDocumentName(client_id), {
    path: ["client_id"],
    message:
      "with metadata_document, the document's URL in its plain spelling, or a folder of such documents ending in /* and " +
      `at most ${LIMITS.clientPatternDepth} folders deep`,
  })
  .refine(({ client_id, authentication }) => authentication.metadata_document || !isClientPattern(client_id), {
    path: ["client_id"],
    message: "ends in /*, which only a record with authentication.metadata_document may",
  });

function isDocumentName(clientId: string): boolean {
  return isMetadataDocumentUrl(clientId) || isWellFormedPattern(clientId);
}

export type Client = z.output<typeof clientSchema>;
