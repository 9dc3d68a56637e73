import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestClientSecret } from "../../cli/client-secret.ts";
import { ensureLocalSecrets } from "../../cli/secrets.ts";
import { CrossgateProcess } from "./crossgate-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function crossgate(commandLine: readonly string[], input = "", environment = {}): Promise<Outcome> {
  const command = new CrossgateProcess(commandLine, environment);
  command.write(input);
  const code = await command.ended();
  return { code, stdout: command.stdout, stderr: command.stderr };
}

describe("crossgate", () => {
  it.each([[["--help"]], [["dev", "--help"]], [["keys", "--help"]], [["secret", "--help"]]])(
    "%j explains itself with an example",
    async (commandLine) => {
      const { code, stdout } = await crossgate(commandLine);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage: crossgate /);
      expect(stdout).toContain("  npx crossgate ");
    },
  );

  it("states its version", async () => {
    expect((await crossgate(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], "No command given"],
    [["deploy"], 'Unknown command "deploy"'],
    [["keys"], "say one of new, rotate, show"],
    [["keys", "new", "old"], 'Unexpected "old"'],
    [["secret"], "No pepper"],
    [["dev", "--port", "70000"], "--port 70000: give a whole number from 0 to 65535"],
    [["dev", "--colour"], "--colour"],
    [["dev", "--issuer", "http://mcp.example.com"], "must be https"],
    [["dev", "--issuer", "https://mcp.example.com/"], "without path or trailing slash"],
  ])("%j is wrong usage: exit 2", async (commandLine, complaint) => {
    const { code, stdout, stderr } = await crossgate(commandLine, "", { CLIENT_SECRET_PEPPER: "" });
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(complaint);
  });

  it("fails with exit 1 and the name of what is missing", async () => {
    const missing = join(await temporaryDirectory(), "keys.json");
    const { code, stderr } = await crossgate(["keys", "show", "--file", missing]);
    expect(code).toBe(1);
    expect(stderr).toContain(missing);
  });
});

describe("crossgate keys", () => {
  it("makes, rotates and shows, each from the output of the one before", async () => {
    const created = await crossgate(["keys", "new"]);
    const rotated = await crossgate(["keys", "rotate"], created.stdout);
    const shown = await crossgate(["keys", "show", "--json"], rotated.stdout);
    const { keys } = JSON.parse(shown.stdout);
    expect(keys.map((key: { status: string }) => key.status)).toEqual(["current", "next", "retired"]);
    expect(shown.stdout).not.toContain('"d"');
  });
});

describe("crossgate secret", () => {
  it("digests under the pepper of a local Crossgate", async () => {
    const state = await temporaryDirectory();
    const { CLIENT_SECRET_PEPPER: pepper } = await ensureLocalSecrets(state);
    const { code, stdout } = await crossgate(["secret", "--state", state, "--json"]);
    const { client_secret: secret, secret_digest: digest } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(digest).toBe(digestClientSecret(secret, pepper));
  });

  it("digests a secret from standard input, without the end of its line", async () => {
    const { stdout } = await crossgate(["secret", "--stdin"], "given\n", { CLIENT_SECRET_PEPPER: "pepper" });
    expect(stdout).toContain(digestClientSecret("given", "pepper"));
  });
});
