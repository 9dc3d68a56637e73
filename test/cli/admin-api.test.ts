import { chmod, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LocalBackend } from "../../cli/backend/local-backend.ts";
import { chooseBackend } from "../../cli/backend/open-backend.ts";
import { command } from "../../cli/commands/admin.ts";
import { UsageError } from "../../cli/command-error.ts";
import { adminSchema } from "../../src/trust/admin.ts";
import { eventually } from "../journeys/support/eventually.ts";
import { CrossgateProcess } from "./crossgate-process.ts";
import { runCrossgate } from "./run-crossgate.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { SOUND_DOCUMENTS, writeDocument, writeSoundDocuments } from "./trust-fixture.ts";

/** The commands against a running Crossgate: by the state it runs on, and by its URL with a key. */
async function startDev() {
  const [config, state] = [await temporaryDirectory(), await temporaryDirectory()];
  await writeSoundDocuments(config);
  const dev = new CrossgateProcess(["dev", "--config", config, "--state", state, "--port", "0", "--json"]);
  const { url } = JSON.parse(await dev.line('"event":"listening"'));
  return { dev, state, url: String(url), key: join(state, "admin-key.json") };
}

/** What `apply` is given: the documents that dev has, with a policy that says something else. */
async function editedDirectory(description: string): Promise<string> {
  const edited = await temporaryDirectory();
  await writeSoundDocuments(edited);
  await writeDocument(edited, "policy/acme.json", { ...SOUND_DOCUMENTS["policy/acme.json"], description });
  return edited;
}

async function adminActions(state: string) {
  const backend = await LocalBackend.open(state);
  try {
    const rows = await backend.query("SELECT event FROM audit_event WHERE type = 'admin_action'");
    return rows.map(({ event }) => JSON.parse(String(event)) as Readonly<Record<string, unknown>>);
  } finally {
    await backend.close();
  }
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a running Crossgate", { timeout: 180_000 }, () => {
  it("takes edits by its state and by its URL, and the record says whose they are", async () => {
    const { dev, state, url, key } = await startDev();
    const byState = await runCrossgate([
      "apply",
      await editedDirectory("by state"),
      "--state",
      state,
      "--issuer",
      url,
      "--yes",
    ]);
    expect(byState).toMatchObject({ code: 0, stderr: "" });
    expect(byState.stdout).toContain("wrote    policy:acme");

    const edited = await editedDirectory("by URL");
    const environment = { CROSSGATE_URL: url, CROSSGATE_ADMIN_KEY: key };
    expect((await runCrossgate(["diff", edited], { environment })).code).toBe(3);
    expect(await runCrossgate(["apply", edited, "--url", url, "--key", key, "--yes"])).toMatchObject({ code: 0 });
    expect((await runCrossgate(["diff", edited], { environment })).code).toBe(0);

    const exported = await temporaryDirectory();
    expect((await runCrossgate(["export", exported, "--url", url, "--key", key])).code).toBe(0);
    expect(await readFile(join(exported, "policy/acme.json"), "utf8")).toContain("by URL");
    const status = await runCrossgate(["status", "--url", url, "--key", key, "--json"]);
    expect(JSON.parse(status.stdout)).toMatchObject({ where: url, documents: { policy: 1 }, broken: [] });

    const changes = await eventually("the records of both edits", async () => {
      const found = (await adminActions(state)).filter(({ action }) => action === "changed");
      return found.length >= 2 ? found : null;
    });
    expect(changes).toHaveLength(2);
    const facts = { admin: "local", operation: "write_document", document_key: "policy:acme", decision: "granted" };
    for (const change of changes) expect(change).toMatchObject(facts);
    const revisions = changes.map(({ revision_before, revision_after }) => [revision_before, revision_after]);
    expect(new Set(revisions.flat())).toHaveLength(3);

    const searched = await runCrossgate(["audit", "search", "--type", "admin_action", "--text", "changed", "--json"], {
      environment,
    });
    expect(searched.stdout.trim().split("\n")).toHaveLength(2);
    const day = (at: number) => new Date(Date.now() + at * 86_400_000).toISOString().slice(0, 10);
    const report = ["report", "--from", day(-1), "--to", day(2), "--json"];
    const review = JSON.parse((await runCrossgate(report, { environment })).stdout) as { changes: object[] };
    expect(review).toMatchObject({ where: url, connections: [], changes_complete: true });
    expect(review.changes).toEqual(expect.arrayContaining(changes));
    const archive = await temporaryDirectory();
    expect(await runCrossgate(["audit", "export", archive], { environment })).toMatchObject({ code: 0, stderr: "" });
    const objects = await readdir(archive, { recursive: true });
    expect(objects.some((name) => /^events\/v1\/.*\.ndjson$/.test(name))).toBe(true);
    const inventory = await runCrossgate(["inventory"], { environment });
    expect(inventory).toMatchObject({ code: 0, stdout: "No connection has been granted anything.\n", stderr: "" });

    const claims = await writeDocument(archive, "claims.json", {
      iss: "https://idp.example.com",
      sub: "ada",
      scope: "x",
    });
    const explain = ["explain", "--client", "agent", "--claims", claims, "--json"];
    const deployed = await runCrossgate([...explain, "--url", url, "--key", key]);
    expect(JSON.parse(deployed.stdout)).toMatchObject({
      decision: "refused",
      reason: "resource_required",
      meaning: expect.stringMatching(/\w/) as string,
      compared: expect.arrayContaining([expect.stringContaining("registered for the client")]) as string[],
    });
    const rehearsed = await runCrossgate([...explain, "--state", state, "--issuer", url]);
    expect(JSON.parse(rehearsed.stdout)).toEqual(JSON.parse(deployed.stdout));
    dev.signal("SIGTERM");
    expect(await dev.ended()).toBe(0);
  });

  it("takes nothing from another key, nor one that others may read", async () => {
    const { dev, url, key } = await startDev();
    const directory = await temporaryDirectory();
    const other = join(directory, "other.json");
    await runCrossgate(["admin", "key", "create", "local", "--out", other]);
    const refused = await runCrossgate(["status", "--url", url, "--key", other]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("this key opens nothing here");
    await chmod(key, 0o644);
    const exposed = await runCrossgate(["status", "--url", url, "--key", key]);
    expect(exposed.stderr).toContain(`chmod 600 ${key}`);
    dev.signal("SIGTERM");
    await dev.ended();
  });
});

describe("crossgate admin key create", () => {
  it("writes the private half for its owner alone, prints the document of the public half, and never over a key", async () => {
    const path = join(await temporaryDirectory(), "ci.json");
    const create = ["admin", "key", "create", "ci", "--role", "operator", "--out", path, "--json"];
    const made = await runCrossgate(create);
    const { document, document_key } = JSON.parse(made.stdout);
    expect(document_key).toBe("admin:ci");
    expect(adminSchema.parse(document)).toMatchObject({ name: "ci", role: "operator", enabled: true });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await readFile(path, "utf8");
    expect(made.stdout).not.toContain(JSON.parse(before).key.d);
    expect((await runCrossgate(create)).code).toBe(1);
    expect(await readFile(path, "utf8")).toBe(before);
  });

  it.each([[["key", "create"]], [["key", "create", "a b"]], [["key", "create", "x", "--role", "owner"]], [["key"]]])(
    "%j is wrong usage",
    async (commandLine) => {
      await expect(command.run(commandLine)).rejects.toBeInstanceOf(UsageError);
    },
  );
});

describe("a running Crossgate's own approver", { timeout: 180_000 }, () => {
  it("asks for what waits and decides, which its operator may not", async () => {
    const { dev, state, url, key } = await startDev();
    const listed = await runCrossgate(["approval", "list", "acme", "--state", state]);
    expect(listed).toMatchObject({ code: 0, stdout: "Nothing waits for approval at acme.\n" });
    const approve = ["approval", "approve", "acme~AAAAAAAAAAAAAAAAAAAAAA", "--yes"];
    const unknown = await runCrossgate([...approve, "--state", state]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("no such approval")]);
    const operator = await runCrossgate([...approve, "--url", url, "--key", key]);
    expect([operator.code, operator.stderr]).toEqual([1, expect.stringContaining("role does not allow")]);
    dev.signal("SIGINT");
    expect(await dev.ended()).toBe(0);
  });
});

describe("what names a Crossgate", () => {
  const url = "https://mcp.example.com";

  it.each([
    [{ url }, "admin key"],
    [{ url: `${url}/admin`, key: "x" }, "ISSUER"],
    [{ url, key: "x", remote: true }, "one of"],
    [{ url, key: "x", state: "s" }, "one of"],
    [{ key: "x" }, "--url"],
  ])("%j is wrong usage", (values, words) => {
    vi.stubEnv("CROSSGATE_ADMIN_KEY", "");
    vi.stubEnv("CROSSGATE_URL", "");
    expect(() => chooseBackend({ remote: false, ...values })).toThrow(words);
  });

  it("is the environment's where nothing else is said, and only there", () => {
    vi.stubEnv("CROSSGATE_ADMIN_KEY", "key.json");
    vi.stubEnv("CROSSGATE_URL", url);
    expect(chooseBackend({ remote: false })).toEqual({ kind: "api", issuer: url, keyPath: "key.json" });
    expect(chooseBackend({ remote: true }).kind).toBe("remote");
    expect(chooseBackend({ remote: false, state: "s" }).kind).toBe("local");
  });
});
