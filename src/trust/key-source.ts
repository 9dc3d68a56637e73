import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { readVerificationKey, type VerificationKey } from "../jwt/json-web-key.ts";

/** Where an owner's keys come from: its registered key set URL, or the keys themselves in the document. */
export type KeySource =
  | { readonly kind: "remote"; readonly jwksUri: string }
  | { readonly kind: "inline"; readonly keys: readonly VerificationKey[] };

/** A weak or private key in a document is the author's mistake, so it fails the document and names the flaw. */
const inlineKeysSchema = z
  .array(z.unknown())
  .min(1)
  .max(LIMITS.keysPerSet)
  .transform((keys, context): readonly VerificationKey[] => {
    const read = keys.map((key) => readVerificationKey(key));
    read.forEach((key, index) => {
      if (typeof key === "string") context.addIssue({ code: "custom", path: [index], message: key });
    });
    return read.filter((key) => typeof key !== "string");
  });

export const keySourceSchema = z
  .strictObject({ jwks_uri: z.string().max(LIMITS.urlBytes).optional(), keys: inlineKeysSchema.optional() })
  .transform(({ jwks_uri, keys }, context): KeySource => {
    if (jwks_uri !== undefined && keys === undefined) return { kind: "remote", jwksUri: jwks_uri };
    if (jwks_uri === undefined && keys !== undefined) return { kind: "inline", keys };
    context.addIssue({ code: "custom", message: "state either jwks_uri or keys" });
    return z.NEVER;
  });
