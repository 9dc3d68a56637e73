import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestClientSecret } from "../../cli/client-secret.ts";
import { ensureLocalSecrets } from "../../cli/secrets.ts";
import { type CommandOutcome, runCrossgate } from "./run-crossgate.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const COMMANDS = [
  "dev",
  "check",
  "test",
  "diff",
  "apply",
  "export",
  "explain",
  "idp",
  "status",
  "revoke",
  "restore",
  "keys",
  "secret",
];

function crossgate(commandLine: readonly string[], input = "", environment = {}): Promise<CommandOutcome> {
  return runCrossgate(commandLine, { input, environment });
}

describe("crossgate", () => {
  it.each([[["--help"]], ...COMMANDS.map((name) => [[name, "--help"]])])(
    "%j explains itself with an example",
    async (commandLine) => {
      const { code, stdout } = await crossgate(commandLine);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Usage: crossgate /);
      expect(stdout).toContain("  npx crossgate ");
      expect(stdout).toMatch(/Exit codes: 0 [^]*\b1 [^]*\b2 /);
      if (commandLine.length > 1) expect(stdout).toContain("--json ");
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
    },
  );

  it("lists every command", async () => {
    const { stdout } = await crossgate(["--help"]);
    for (const name of COMMANDS) expect(stdout).toContain(`\n  ${name} `);
  });

  it("states its version", async () => {
    expect((await crossgate(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], "No command given"],
    [["deploy"], 'Unknown command "deploy"'],
    [["keys"], "say one of new, rotate, show, revoke"],
    [["keys", "new", "old"], 'Unexpected "old"'],
    [["keys", "revoke"], "key_id is missing"],
    [["secret"], "No pepper"],
    [["dev", "--port", "70000"], "--port 70000: give a whole number from 0 to 65535"],
    [["dev", "--colour"], "--colour"],
    [["check", "a", "b"], 'Unexpected "b"'],
    [["diff", "--state", "a", "--remote"], "Give one of --state, --remote and --url"],
    [["apply", "--json"], "give --yes too"],
    [["export"], "Say one directory to export to"],
    [["status", "config"], "status takes no directory"],
    [["explain"], "Say --client and --claims, or one correlation id"],
    [["explain", "id", "--client", "agent"], "Say --client and --claims, or one correlation id"],
    [["explain", "--client", "a", "--claims", "-", "--at", "noon"], "--at noon: give an instant"],
    [["explain", "--client", "a", "--claims", "-", "--remote", "config"], "one of them"],
    [["revoke", "agent", "x", "--reason", "y"], '"agent": say one of subject, principal, client'],
    [["revoke", "subject", "https://idp.example.com", "--reason", "y"], "Say: subject ISSUER SUBJECT [TENANT]"],
    [["revoke", "client", "a", "b", "--reason", "y"], 'Unexpected "b"'],
    [["revoke", "client", "a"], "Say why"],
    [["revoke", "client", "a", "--reason", "two words"], "a word or a ticket"],
    [["revoke", "key", "https://idp.example.com", "k", "--sign-in-again"], "a key has no sign-in"],
    [["revoke", "client", "a", "--reason", "y", "--json"], "give --yes too"],
    [["revoke", "client", "a", "--reason", "y", "--wait", "1h"], "--wait 1h: give a whole number from 0 to 3600"],
    [["restore", "client", "a", "--reason", "y", "--sign-in-again"], "goes with revoke"],
    [["idp", "remove", "https://idp.example.com"], "Say: crossgate idp add <issuer>"],
    [["test", "--against", "0"], "--against 0: give a whole number from 1 to 366"],
    [["test", "--remote"], "go with --against DAYS"],
    [["test", "--against", "1", "--remote", "--state", "a"], "Give one of --state, --remote and --url"],
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

  it("makes the pepper of a local Crossgate that has not run yet: its first client needs a digest before it starts", async () => {
    const state = await temporaryDirectory();
    const { code, stdout } = await crossgate(["secret", "--state", state, "--json"]);
    const { client_secret: secret, secret_digest: digest } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(digest).toBe(digestClientSecret(secret, (await ensureLocalSecrets(state)).CLIENT_SECRET_PEPPER));
  });

  it("digests a secret from standard input, without the end of its line", async () => {
    const [secret, pepper] = ["a-secret-that-was-given", "a-pepper-of-the-deployment"];
    const { stdout } = await crossgate(["secret", "--stdin"], `${secret}\n`, { CLIENT_SECRET_PEPPER: pepper });
    expect(stdout).toContain(digestClientSecret(secret, pepper));
  });

  it.each([
    ["a secret", "hi\n", "a-pepper-of-the-deployment"],
    ["a pepper", "a-secret-that-was-given\n", "short"],
  ])("refuses %s that could be guessed", async (_what, secret, pepper) => {
    const { code, stderr } = await crossgate(["secret", "--stdin"], secret, { CLIENT_SECRET_PEPPER: pepper });
    expect([code, stderr]).toEqual([1, expect.stringContaining("openssl rand")]);
  });
});
