import * as z from "zod";
import { DOCUMENT_SCHEMAS, type DocumentKind } from "../../src/trust/documents.ts";

const WIDTH = 120;
/** What tells a rule apart stands before what it says. */
const LEADING = ["$schema", "id", "effect"];

/**
 * One spelling for one document: members in the order of their schema, names that people chose in the order of the
 * alphabet, and the layout that the formatter of this repository leaves alone.
 */
export function formatDocument(kind: DocumentKind, document: unknown): string {
  const schema = z.toJSONSchema(DOCUMENT_SCHEMAS[kind], { io: "input" });
  return `${layOut(inOrder(document, schema), "", 0)}\n`;
}

interface Shape {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
}

function inOrder(value: unknown, shape: unknown): unknown {
  const shapes = alternativesOf(shape);
  if (Array.isArray(value)) {
    const items = shapes.find((candidate) => candidate.items !== undefined)?.items;
    return value.map((item: unknown) => inOrder(item, items));
  }
  if (typeof value !== "object" || value === null) return value;
  const properties = new Map(shapes.flatMap(({ properties: members = {} }) => Object.entries(members)));
  const others = shapes.find(({ additionalProperties }) => additionalProperties !== undefined)?.additionalProperties;
  const ranks = new Map([...new Set([...LEADING, ...properties.keys()])].map((name, rank) => [name, rank]));
  const rankOf = (name: string): number => ranks.get(name) ?? ranks.size;
  const members = Object.entries(value).toSorted(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member, properties.get(name) ?? others)]));
}

function alternativesOf(shape: unknown): readonly Shape[] {
  if (typeof shape !== "object" || shape === null) return [];
  const own: Shape = shape;
  const { anyOf = [], oneOf = [] } = own;
  return [own, ...[...anyOf, ...oneOf].flatMap(alternativesOf)];
}

/** @param used what stands on the line before the value already */
function layOut(value: unknown, indentation: string, used: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indentation}  `;
  if (Array.isArray(value)) {
    const line = value.every((item) => typeof item !== "object" || item === null) ? oneLine(value) : null;
    if (line !== null && used + line.length < WIDTH) return line;
    return enclose(
      "[]",
      value.map((item) => layOut(item, inner, inner.length)),
      indentation,
    );
  }
  const members = Object.entries(value).map(([name, member]) => {
    const start = `${JSON.stringify(name)}: `;
    return `${start}${layOut(member, inner, inner.length + start.length)}`;
  });
  return enclose("{}", members, indentation);
}

function oneLine(values: readonly unknown[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
}

function enclose(brackets: "[]" | "{}", parts: readonly string[], indentation: string): string {
  const [open = "", close = ""] = brackets;
  if (parts.length === 0) return brackets;
  const lines = parts.map((part) => `${indentation}  ${part}`).join(",\n");
  return `${open}\n${lines}\n${indentation}${close}`;
}
