import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { readVerificationKey, type VerificationKey } from "../jwt/json-web-key.ts";

/** Where an owner's keys come from: its registered key set URL, or the keys themselves in the document. */
export type KeySource =
  | { readonly kind: "remote"; readonly jwksUri: string }
  | { readonly kind: "inline"; readonly keys: readonly VerificationKey[] };

const remoteSchema = z
  .strictObject({ jwks_uri: z.string().max(LIMITS.urlBytes) })
  .transform(({ jwks_uri }): KeySource => ({ kind: "remote", jwksUri: jwks_uri }));

/** A weak or private key in a document is the author's mistake, so it fails the document and names the flaw. */
const inlineSchema = z
  .strictObject({ keys: z.array(z.unknown()).min(1).max(LIMITS.keysPerSet) })
  .transform(({ keys }, context): KeySource => {
    const read = keys.map((key) => readVerificationKey(key));
    read.forEach((key, index) => {
      if (typeof key === "string") context.addIssue({ code: "custom", path: ["keys", index], message: key });
    });
    return { kind: "inline", keys: read.filter((key) => typeof key !== "string") };
  });

export const keySourceSchema = z.union([remoteSchema, inlineSchema]);
