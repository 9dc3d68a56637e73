import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { type Figure, figuresOf } from "./figures.ts";
import { SECTIONS } from "./options.ts";
import type { Results } from "./results.ts";

/** The figures that the README states: in the repository, so that anybody can hold the one against the other. */
const PUBLISHED_PATH = join(import.meta.dirname, "results", "published.json");

const figureSchema = z.strictObject({
  section: z.enum(SECTIONS),
  what: z.string(),
  value: z.string(),
  target: z.string().nullable(),
  isMet: z.boolean().nullable(),
});
const publishedSchema = z.strictObject({
  at: z.iso.datetime(),
  machine: z.string(),
  figures: z.array(figureSchema).min(1),
});

export async function publish(results: Results): Promise<void> {
  const { processor, cores, workerd } = results.machine;
  const machine = `${processor}, ${cores} cores, workerd ${workerd}`;
  const published: z.input<typeof publishedSchema> = { at: results.at, machine, figures: [...figuresOf(results)] };
  await writeFile(PUBLISHED_PATH, `${JSON.stringify(published, null, 2)}\n`);
}

/** The README's table of what the last published run has measured. */
export async function publishedTable(): Promise<string> {
  const { at, machine, figures } = publishedSchema.parse(JSON.parse(await readFile(PUBLISHED_PATH, "utf8")));
  const rows = figures.map(
    (figure) => `| ${figure.what} | ${figure.value} | ${formatTarget(figure)} | \`${figure.section}\` |`,
  );
  const taken = `Taken on ${at.slice(0, 10)}: ${machine}.`;
  return ["| figure | measured | target | `--only` |", "|---|---|---|---|", ...rows, "", taken].join("\n");
}

export function formatTarget({ target, isMet }: Pick<Figure, "target" | "isMet">): string {
  if (target === null) return "";
  return isMet === null ? target : `${target}: ${isMet ? "met" : "**missed**"}`;
}
