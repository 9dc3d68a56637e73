import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandError } from "../cli/command-error.ts";
import { countSnippet, type Mutant } from "./mutant.ts";

const PROJECT = join(import.meta.dirname, "..");

/** A copy of the project as it is now, committed or not, in which mistakes may be made. */
export class Scratch {
  readonly directory: string;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "crossgate-mutants-"));
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: PROJECT,
      encoding: "utf8",
    });
    for (const file of listed.split("\0").filter((name) => name !== "")) {
      cpSync(join(PROJECT, file), join(this.directory, file));
    }
    symlinkSync(join(PROJECT, "node_modules"), join(this.directory, "node_modules"));
  }

  /** Makes the mistake, and takes it back when `work` is done. @throws CommandError when its snippet is not there once */
  async with<Result>(mutant: Mutant, work: () => Promise<Result>): Promise<Result> {
    const path = join(this.directory, mutant.file);
    const text = readFileSync(path, "utf8");
    const count = countSnippet(mutant, text);
    if (count !== 1) throw new CommandError(`${mutant.id}: its snippet is ${count} times in ${mutant.file}, not once.`);
    writeFileSync(
      path,
      text.replace(mutant.snippet, () => mutant.replacement),
    );
    try {
      return await work();
    } finally {
      writeFileSync(path, text);
    }
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
