/** Where a JSON text stops being JSON, as an editor counts: both from 1. */
export interface JsonPosition {
  readonly line: number;
  readonly column: number;
}

export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  readonly position: JsonPosition;
  constructor(reason: string, position: JsonPosition) {
    super(`${reason} at line ${position.line}, column ${position.column}`);
    this.position = position;
  }
}

/** @throws JsonSyntaxError */
export function parseJsonWithPosition(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    throw new JsonSyntaxError(reasonIn(message), positionOf(text, offsetOf(text, message)));
  }
}

/** The engine quotes a piece of the document after the first comma; only its own words are kept. */
function reasonIn(message: string): string {
  const [words = "not JSON"] = message.split(/, (?:\.{3})?"| in JSON| \(line| after JSON/);
  return words.trim() || "not JSON";
}

function offsetOf(text: string, message: string): number {
  const stated = /position (\d+)/.exec(message)?.[1];
  if (stated !== undefined) return Number(stated);
  return isUnexpectedToken(message) ? firstUnexpectedToken(text) : text.length;
}

/** The engine names such a token without its place. Every prefix that contains it fails on it, and no shorter one does. */
function firstUnexpectedToken(text: string): number {
  let [innocent, guilty] = [0, text.length];
  while (guilty - innocent > 1) {
    const middle = Math.floor((innocent + guilty) / 2);
    if (isUnexpectedToken(failureOf(text.slice(0, middle)))) guilty = middle;
    else innocent = middle;
  }
  return guilty - 1;
}

function failureOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

function isUnexpectedToken(message: string): boolean {
  return message.startsWith("Unexpected token");
}

function positionOf(text: string, offset: number): JsonPosition {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
