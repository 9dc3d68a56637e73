import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";

const PROJECT = join(import.meta.dirname, "../..");
const README = await readFile(join(PROJECT, "README.md"), "utf8");
const manifestSchema = z.looseObject({ scripts: z.record(z.string(), z.string()) });

function found(pattern: RegExp): readonly string[] {
  return [...new Set([...README.matchAll(pattern)].map(([, name]) => name ?? ""))].toSorted();
}

/** What the README tells people to look at and to type, they must find. */
describe("the README names nothing that is not there", () => {
  it("no path", async () => {
    const entries = await readdir(PROJECT, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && /^[a-z]/.test(entry.name)).map(({ name }) => name);
    // `dist` and `node_modules` are made, and may not have been yet.
    const kept = folders.filter((name) => !["dist", "node_modules"].includes(name)).join("|");
    const paths = found(new RegExp(`(?<![\\w./:-])((?:${kept})/[\\w./-]*\\w)`, "g"));
    expect(paths).toContain("src/limits.ts");
    expect(paths.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });

  it("no script", async () => {
    const { scripts } = manifestSchema.parse(JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8")));
    const named = found(/npm run (?:-s )?([a-z][a-z:-]*)/g);
    expect(named).toContain("demo");
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it("no command", () => {
    const named = found(/npx crossgate ([a-z]+)/g);
    expect(named).toContain("check");
    expect(named.filter((name) => !existsSync(join(PROJECT, "cli/commands", `${name}.ts`)))).toEqual([]);
  });

  it("no command of a command, by what that one says of itself", async () => {
    const named = found(/npx crossgate ([a-z]+ [a-z]+)(?![\w/.-])/g).filter((words) => !words.endsWith(" config"));
    expect(named).toContain("keys rotate");
    const absent = await Promise.all(
      named.map(async (words) => {
        const [name = "", subcommand = ""] = words.split(" ");
        const { command } = await import(join(PROJECT, "cli/commands", `${name}.ts`));
        return new RegExp(`\\b${name} ${subcommand}\\b|^  ${subcommand}\\b`, "m").test(command.help) ? [] : [words];
      }),
    );
    expect(absent.flat()).toEqual([]);
  });

  it("no section", () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, "")
        .replaceAll(" ", "-");
    const sections = new Set(found(/^#+ (.+)$/gm).map((heading) => slug(heading)));
    expect(found(/\]\(#([^)]+)\)/g).filter((anchor) => !sections.has(anchor))).toEqual([]);
  });
});
