import type { JWTPayload } from "jose";

const WIDTH = 20;

/** A leg that did not do what it should; ends the demo with exit code 1 and this sentence. */
export class LegFailed extends Error {
  override readonly name = "LegFailed";
}

export function title(text: string): void {
  process.stdout.write(`\n${text}\n${"─".repeat(text.length)}\n`);
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function fact(name: string, value: string): void {
  process.stdout.write(`  ${name.padEnd(WIDTH)} ${value}\n`);
}

/** The claims that matter, decoded; the token they come from is nowhere printed. */
export function claims(payload: JWTPayload, names: readonly string[]): void {
  for (const name of names) {
    const value = payload[name];
    if (value !== undefined) fact(name, typeof value === "string" ? value : JSON.stringify(value));
  }
}

export function expect(condition: boolean, failure: string): asserts condition {
  if (!condition) throw new LegFailed(failure);
}
