/** JSON.parse's third argument (ECMA-262, JSON.parse source text access), which our library of types has not got yet. */
interface SourceTextAccess {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}

const json = JSON as unknown as SourceTextAccess;

/**
 * Reads what a server said in order to write it again: a number stays the text that it was, since a schema may well
 * name a maximum that no double holds. @throws SyntaxError
 */
export function parseLossless(text: string): unknown {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? json.rawJSON(source) : value,
  );
}

/** @returns the text of a number that was read so, and null for any other value. */
export function numberText(value: unknown): string | null {
  return json.isRawJSON(value) ? value.rawJSON : null;
}
