import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { CrossgateProcess } from "./crossgate-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { SOUND_DOCUMENTS, writeDocument, writeSoundDocuments } from "./trust-fixture.ts";

const POLICY = SOUND_DOCUMENTS["policy/acme.json"];
let config: string;
let state: string;

function startDev(port: number): CrossgateProcess {
  return new CrossgateProcess(["dev", "--config", config, "--state", state, "--port", String(port), "--json"]);
}

async function listening(dev: CrossgateProcess): Promise<{ url: string; [fact: string]: unknown }> {
  await dev.line('"event":"listening"');
  return JSON.parse(dev.stdout.split("\n")[0] ?? "");
}

describe("crossgate dev", { timeout: 120_000 }, () => {
  beforeEach(async () => {
    const directory = await temporaryDirectory();
    [config, state] = [join(directory, "config"), join(directory, "state")];
    await writeSoundDocuments(config);
  });

  it("says first what it listens on and what it trusts, answers, and ends with exit 0 on SIGTERM", async () => {
    const dev = startDev(0);
    const facts = await listening(dev);
    expect(facts).toMatchObject({
      issuer: facts.url,
      token_endpoint: `${facts.url}/token`,
      metadata_url: `${facts.url}/.well-known/oauth-authorization-server`,
      trust: {
        idps: [{ issuer: "https://idp.example.com", organizations: ["acme"], enabled: true }],
        clients: [{ client_id: "agent", name: "An agent", enabled: true }],
        resources: [{ resource: "http://127.0.0.1:8787/mcp", upstream: "http://127.0.0.1:9000/mcp", enabled: true }],
        policies: [{ organization: "acme", rules: 0 }],
      },
    });
    expect((await fetch(String(facts["metadata_url"]))).status).toBe(200);
    dev.signal("SIGTERM");
    expect(await dev.ended()).toBe(0);
    await expect(fetch(facts.url)).rejects.toThrow();
  });

  it("applies edits, and refuses a broken document by name", async () => {
    const dev = startDev(0);
    await listening(dev);
    await writeDocument(config, "policy/acme.json", { ...POLICY, description: "edited" });
    await dev.line('"event":"changed","key":"policy:acme"');
    await writeDocument(config, "policy/other.json", { ...POLICY, organization: "other" });
    await dev.line('"event":"added","key":"policy:other"');
    await rm(join(config, "policy/other.json"));
    await dev.line('"event":"removed","key":"policy:other"');
    await writeDocument(config, "policy/acme.json", '{ "organization": }');
    expect(await dev.line('"event":"refused"')).toContain("policy/acme.json: not JSON");
    await writeDocument(config, "policy/acme.json", { ...POLICY, description: "edited" });
    await dev.line('"event":"sound_again"');
    expect(dev.stdout).not.toContain('"event":"removed","key":"policy:acme"');
    dev.signal("SIGINT");
    expect(await dev.ended()).toBe(0);
  });

  it("finds its state and its port again after being killed outright", async () => {
    const killed = startDev(0);
    const { url } = await listening(killed);
    killed.signal("SIGKILL");
    await killed.ended();
    await rm(join(config, "client/agent.json"));

    const again = startDev(Number(new URL(url).port));
    expect((await listening(again)).url).toBe(url);
    // Known only to the state directory by now.
    await again.line('"event":"removed","key":"client:agent"');
    again.signal("SIGTERM");
    expect(await again.ended()).toBe(0);
  });

  it("does not start on a broken document, nor on a state or a port in use", async () => {
    const dev = startDev(0);
    const { url } = await listening(dev);
    // Two runtimes over one set of ledgers would each think itself the only one.
    const second = startDev(0);
    expect(await second.ended()).toBe(1);
    expect(second.stderr).toContain(`${state} is in use by process`);

    state = `${state}-other`;
    const elsewhere = startDev(Number(new URL(url).port));
    expect(await elsewhere.ended()).toBe(1);
    expect(elsewhere.stderr).toContain("is in use");

    const path = await writeDocument(config, "idp/broken.json", "{}");
    const third = startDev(0);
    expect(await third.ended()).toBe(1);
    expect(third.stderr).toContain(`${path}: issuer: missing`);
  });
});
