import * as z from "zod";
import { isClientPattern, isWellFormedPattern } from "../egress/client-identifier.ts";
import { LIMITS } from "../limits.ts";
import { fenceName } from "./fence-names.ts";

const url = z.string().min(1).max(LIMITS.urlBytes);
const identifier = z.string().min(1).max(LIMITS.identifierBytes);
/** A pattern that covers no client would be answered as in effect, and stop nobody. */
const client = identifier
  .refine((name) => !isClientPattern(name) || isWellFormedPattern(name), "is not a pattern that could cover a client")
  .describe("One client, or all below a path: https://host/path/*");
const oneClient = identifier.refine((name) => !isClientPattern(name), "names one client, and no pattern");
const keyId = z.string().min(1).max(LIMITS.keyIdBytes);

/** What a person may name to stop it, in the words of the documents and of the audit trail. */
export const revocableSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("principal"), principal: identifier.describe("The sub of our access tokens") }),
  z.strictObject({
    kind: z.literal("subject"),
    issuer: url,
    subject: identifier.describe("As its provider calls it"),
    tenant: identifier.optional().describe("Whichever, when absent"),
  }),
  z.strictObject({ kind: z.literal("client"), client_id: client }),
  z.strictObject({ kind: z.literal("idp"), issuer: url }),
  z.strictObject({ kind: z.literal("organization"), organization: identifier }),
  z
    .strictObject({ kind: z.literal("key"), issuer: url, key_id: keyId })
    .describe("A key of an identity provider, by its kid, or where it has none by its thumbprint (RFC 7638)"),
  z.strictObject({ kind: z.literal("signing_key"), key_id: keyId }).describe("A key of ours"),
  z.strictObject({ kind: z.literal("token"), token_id: identifier }),
  z.strictObject({ kind: z.literal("resource"), resource: url }),
  z
    .strictObject({ kind: z.literal("connection"), organization: identifier, client_id: oneClient, resource: url })
    .describe("One client at one server, for one organization; others go on"),
]);

export type Revocable = z.output<typeof revocableSchema>;

type Kind = Revocable["kind"];

const NAMES: { readonly [Name in Kind]: (what: Extract<Revocable, { kind: Name }>) => string } = {
  principal: ({ principal }) => fenceName("principal", principal),
  subject: ({ issuer, subject, tenant }) =>
    tenant === undefined ? fenceName("subject", issuer, subject) : fenceName("subject", issuer, subject, tenant),
  client: ({ client_id }) => fenceName("client", client_id),
  idp: ({ issuer }) => fenceName("issuer", issuer),
  organization: ({ organization }) => fenceName("organization", organization),
  key: ({ issuer, key_id }) => fenceName("assertion_key", issuer, key_id),
  signing_key: ({ key_id }) => fenceName("signing_key", key_id),
  token: ({ token_id }) => fenceName("token", token_id),
  resource: ({ resource }) => fenceName("resource", resource),
  connection: ({ organization, client_id, resource }) => fenceName("connection", organization, client_id, resource),
};

export function fenceNameOf(what: Revocable): string {
  return (NAMES[what.kind] as (named: Revocable) => string)(what);
}

/** What it names, by the members of an audit record. */
export function membersOf({ kind: _kind, ...named }: Revocable): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
