import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Target } from "./target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const corpusSchema = z.array(z.string());

function pathOf(name: string): string {
  return join(import.meta.dirname, "corpus", `${name}.json`);
}

/** What a target is always tried with: its seeds, and what was kept, one character a byte. */
export function readCorpus({ name, seeds }: Pick<Target, "name" | "seeds">): readonly Bytes[] {
  const path = pathOf(name);
  const kept = existsSync(path) ? corpusSchema.parse(JSON.parse(readFileSync(path, "utf8"))) : [];
  const encoder = new TextEncoder();
  return [
    ...seeds.map((seed) => encoder.encode(seed)),
    ...kept.map((text) => Uint8Array.from(Buffer.from(text, "latin1"))),
  ];
}

export function writeCorpus(name: string, inputs: readonly Bytes[]): void {
  const texts = inputs.map((input) => Buffer.from(input).toString("latin1"));
  writeFileSync(
    pathOf(name),
    `${JSON.stringify(
      texts.toSorted((a, b) => (a < b ? -1 : 1)),
      null,
      2,
    )}\n`,
  );
}
