import * as z from "zod";
import { findNearestName } from "./nearest-name.ts";

/** What is wrong with a document: where, as in `rules.2.scopes`, and why. */
export interface DocumentFlaw {
  readonly path: string;
  readonly reason: string;
}

/** An issue of a schema in words: an unknown member is named, with what was probably meant. */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType): DocumentFlaw {
  const innermost = innermostIssue(issue);
  const path = innermost.path.map(String);
  if (innermost.code !== "unrecognized_keys") return { path: path.join("."), reason: innermost.message };
  const [unknown = "", ...others] = innermost.keys;
  const more = others.length === 0 ? "" : `; unknown here too: ${others.join(", ")}`;
  // What one shape has, another may not: a deny has no scopes, though a permit has.
  const known = membersAt(schema, path).filter((member) => !innermost.keys.includes(member));
  return { path: [...path, unknown].join("."), reason: `${describeUnknown(unknown, known)}${more}` };
}

function describeUnknown(unknown: string, known: readonly string[]): string {
  const nearest = findNearestName(unknown, known);
  if (nearest !== null) return `unknown member: did you mean "${nearest}"?`;
  return known.length === 0 ? "unknown member" : `unknown member: there are ${known.toSorted().join(", ")}`;
}

/** Of the shapes that a value may have, the one that it missed least. */
function innermostIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const [closest] = issue.errors.filter(({ length }) => length > 0).toSorted((a, b) => weigh(a) - weigh(b));
  const [inner] = closest ?? [];
  return inner === undefined ? issue : innermostIssue({ ...inner, path: [...issue.path, ...inner.path] });
}

/** Another type altogether is further off than any fault within. */
function weigh(issues: readonly z.core.$ZodIssue[]): number {
  return issues.length + (issues.some(({ code, path }) => code === "invalid_type" && path.length === 0) ? 1000 : 0);
}

/** The members that a document may have at a path. */
function membersAt(schema: unknown, path: readonly string[]): readonly string[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => membersAt(option, path));
  if (schema instanceof z.ZodPipe) return membersAt(schema.in, path);
  if (isWrapped(schema)) return membersAt(schema.def.innerType, path);
  const [name, ...rest] = path;
  if (name === undefined) return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  if (schema instanceof z.ZodObject) return membersAt(schema.shape[name], rest);
  if (schema instanceof z.ZodArray) return membersAt(schema.element, rest);
  return schema instanceof z.ZodRecord ? membersAt(schema.valueType, rest) : [];
}

/** Optional, with a default, nullable. */
function isWrapped(schema: unknown): schema is { readonly def: { readonly innerType: unknown } } {
  return schema instanceof z.ZodType && "innerType" in schema.def;
}
