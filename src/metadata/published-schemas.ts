import * as z from "zod";
import { auditEventSchema } from "../audit/audit-event.ts";
import { respondJson } from "../http/respond.ts";
import { DOCUMENT_SCHEMAS } from "../trust/documents.ts";

/** Changes with a deployment alone; editors of any origin complete by it. */
const PUBLIC = { "cache-control": "public, max-age=3600", "access-control-allow-origin": "*" } as const;

interface Published {
  readonly title: string;
  readonly schema: z.ZodType;
}

const SCHEMAS: ReadonlyMap<string, Published> = new Map<string, Published>([
  ...Object.entries(DOCUMENT_SCHEMAS).map(([kind, schema]): [string, Published] => [
    kind,
    { title: `Crossgate ${kind} document`, schema },
  ]),
  ["audit-event", { title: "Crossgate audit event", schema: auditEventSchema }],
]);

export const SCHEMA_NAMES: readonly string[] = [...SCHEMAS.keys()];

/** The JSON Schema of a kind of document, or of an audit event; null for another name. */
export function describeSchema(name: string): object | null {
  const found = SCHEMAS.get(name);
  return found === undefined ? null : { title: found.title, ...z.toJSONSchema(found.schema, { io: "input" }) };
}

/** What a document's `$schema` may point at: /schemas/<name>.schema.json */
export function respondSchema(pathname: string, issuer: string): Response {
  const [, name = ""] = /^\/schemas\/([a-z-]+)\.schema\.json$/.exec(pathname) ?? [];
  const schema = describeSchema(name);
  if (schema === null) return respondJson(404, { error: "not_found" });
  const headers = { ...PUBLIC, "content-type": "application/schema+json" };
  return respondJson(200, { $id: `${issuer}${pathname}`, ...schema }, headers);
}
