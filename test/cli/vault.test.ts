import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CrossgateProcess } from "./crossgate-process.ts";
import { runCrossgate } from "./run-crossgate.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { writeSoundDocuments } from "./trust-fixture.ts";

const RESOURCE = "http://127.0.0.1:8787/mcp/files";
const CANARY = "canary-of-the-vault";

describe("crossgate vault", { timeout: 180_000 }, () => {
  it("sets, lists, rotates and deletes in a running Crossgate, and never shows a value", async () => {
    const [config, state] = [await temporaryDirectory(), await temporaryDirectory()];
    await writeSoundDocuments(config);
    const dev = new CrossgateProcess(["dev", "--config", config, "--state", state, "--port", "0", "--json"]);
    const { url } = JSON.parse(await dev.line('"event":"listening"'));
    const api = ["--url", String(url), "--key", join(state, "admin-key.json")];
    const file = join(state, "secret.txt");
    await writeFile(file, `${CANARY}\n`);

    const set = await runCrossgate(["vault", "set", "files-key", "--file", file, "--resource", RESOURCE, ...api]);
    expect(set).toMatchObject({ code: 0, stderr: "" });
    const again = await runCrossgate(["vault", "set", "files-key", "--file", file, "--state", state, "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ created: false });
    const listed = await runCrossgate(["vault", "list", "--state", state, "--json"]);
    expect(JSON.parse(listed.stdout)).toMatchObject({ secrets: [{ name: "files-key", resources: null }] });
    const rotated = await runCrossgate(["vault", "rotate", ...api]);
    expect(rotated).toMatchObject({ code: 0 });
    expect(rotated.stdout).toMatch(/rotation {3}finished .*: 1 of 1 vaults, 0 records wrapped anew/);
    const status = await runCrossgate(["vault", "status", "--state", state]);
    expect(status.stdout).toContain("1 under ");
    expect((await runCrossgate(["vault", "delete", "files-key", ...api])).code).toBe(0);
    const gone = await runCrossgate(["vault", "delete", "files-key", ...api]);
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("npx crossgate vault list") });
    expect([set, again, listed, rotated, status].map(({ stdout }) => stdout).join()).not.toContain(CANARY);
  });

  it.each([
    [["vault", "set", "files-key", CANARY], "never from the command line"],
    [["vault", "set"], "Say: crossgate vault set NAME"],
    [["vault", "set", "Files Key", "--file", "x"], "NAME: the name of a secret"],
    [["vault", "list", "--resource", RESOURCE], "--resource says nothing to vault list"],
    [["vault", "rotate", "--wait", "soon"], "--wait soon"],
    [["vault", "reveal", "files-key"], "say one of set, delete, list, status, rotate"],
  ])("is refused as wrong usage: %j", async (commandLine, words) => {
    const refused = await runCrossgate(commandLine);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
    expect(refused.stderr).not.toContain(CANARY);
  });

  it.each(["", "\n", "a\r\nx-admin: yes\n", "ключ", " a", "x".repeat(9000)])(
    "sends nothing that no header may hold: %j",
    async (text) => {
      const file = join(await temporaryDirectory(), "secret.txt");
      await writeFile(file, text);
      const refused = await runCrossgate(["vault", "set", "files-key", "--file", file]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain(file);
      expect(refused.stderr).not.toContain("No Crossgate runs");
    },
  );
});
