import { delimiter, join } from "node:path";
import { chmod, writeFile } from "node:fs/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { UsageError } from "../../cli/command-error.ts";
import { findAuthor } from "../../cli/change-author.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const options = { keyPath: undefined, issuer: "https://crossgate.example" };

/** Stands first on PATH until the end of the test. */
async function installGit(prints: string): Promise<void> {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "git"), `#!/bin/sh\nprintf '%b' '${prints}'\n`);
  await chmod(join(directory, "git"), 0o755);
  vi.stubEnv("PATH", [directory, process.env["PATH"]].join(delimiter));
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("who changes trust and policy", () => {
  it("is who he says", async () => {
    await installGit("eve@acme.example");
    expect(await findAuthor({ ...options, by: "Ada (pipeline 7)" })).toEqual({ by: "Ada (pipeline 7)", signer: null });
  });

  it("is else whom git knows", async () => {
    await installGit("ada@acme.example\\n");
    expect((await findAuthor({ ...options, by: undefined })).by).toBe("ada@acme.example");
  });

  it.each(["", "two\\nlines"])("is else the account on this machine, where git says %j", async (prints) => {
    await installGit(prints);
    expect((await findAuthor({ ...options, by: undefined })).by).toMatch(/^\S+@\S+$/);
  });

  it.each(["", "two\nlines", "a\u202eb", " ", "a".repeat(400)])("is not %j, which no record could hold", async (by) => {
    await expect(findAuthor({ ...options, by })).rejects.toBeInstanceOf(UsageError);
  });
});
