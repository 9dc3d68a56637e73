import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { digestClientSecret } from "../../cli/client-secret.ts";
import { ensureLocalSecrets } from "../../cli/secrets.ts";
import { CrossgateProcess } from "./crossgate-process.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { SOUND_DOCUMENTS, writeDocument, writeSoundDocuments } from "./trust-fixture.ts";

const POLICY = SOUND_DOCUMENTS["policy/acme.json"];
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
let config: string;
let state: string;

function startDev(port: number, ...options: readonly string[]): CrossgateProcess {
  const named = ["--config", config, "--state", state, "--port", String(port)];
  return new CrossgateProcess(["dev", ...named, "--json", ...options]);
}

/** As a client that sends what `members` say. */
async function askForToken(url: string, members: Readonly<Record<string, string>>): Promise<string | null> {
  const { headers } = await fetch(`${url}/token`, { method: "POST", body: new URLSearchParams(members) });
  return headers.get("crossgate-correlation-id");
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

  it("tells each request that is refused, whoever sent it, and nothing that the request said", async () => {
    const secret = "a-secret-that-must-not-be-told";
    const { CLIENT_SECRET_PEPPER: pepper } = await ensureLocalSecrets(state);
    const { "client/agent.json": agent } = SOUND_DOCUMENTS;
    const authentication = { methods: ["client_secret_post"], secret_digests: [digestClientSecret(secret, pepper)] };
    await writeDocument(config, "client/agent.json", { ...agent, authentication });
    const dev = startDev(0);
    const { url } = await listening(dev);
    const resource = { ...SOUND_DOCUMENTS["resource/everything.json"], resource: `${url}/mcp` };
    await writeDocument(config, "resource/everything.json", resource);
    await dev.line(`"event":"added","key":"resource:${url}/mcp"`);

    const mistyped = { client_id: "agnet-mistyped", client_secret: secret };
    const unknown = await askForToken(url, mistyped);
    const line = JSON.parse(await dev.line(`"correlation_id":"${unknown}"`));
    expect(line).toMatchObject({ decision: "refused", reason: "client_unknown", check: "client_authentication" });
    // There is no record of it, so nothing to explain.
    expect(line).toMatchObject({ client_id: null, explain: null });

    const wrong = await askForToken(url, { client_id: "agent", client_secret: `${secret}-mistyped` });
    expect(await dev.line(`"correlation_id":"${wrong}"`)).toContain('"reason":"client_secret_wrong"');

    const form = { client_id: "agent", client_secret: secret, grant_type: GRANT, assertion: "not.an.assertion" };
    const malformed = await askForToken(url, form);
    expect(JSON.parse(await dev.line(`"correlation_id":"${malformed}"`))).toMatchObject({
      reason: "assertion_malformed",
      client_id: "agent",
      explain: `npx crossgate explain ${malformed} --state ${state}`,
    });

    const call = { method: "POST", headers: { authorization: "Bearer not.a.token" }, body: "{}" };
    expect((await fetch(`${url}/mcp`, call)).status).toBe(401);
    expect(await dev.line('"reason":"token_malformed"')).toContain(`"resource":"${url}/mcp"`);
    expect((await fetch(`${url}/mpc-mistyped`, call)).status).toBe(404);
    await dev.line('"reason":"server_unknown"');

    dev.signal("SIGTERM");
    expect(await dev.ended()).toBe(0);
    expect(dev.stdout).not.toContain('"event":"exposed"');
    for (const said of ["mistyped", secret, pepper, "not.an.assertion", "not.a.token"]) {
      expect(dev.stdout + dev.stderr).not.toContain(said);
    }
  });

  it("says what is odd: that other machines may reach it, and what the documents say, each thing once", async () => {
    const { "client/agent.json": agent } = SOUND_DOCUMENTS;
    await writeDocument(config, "client/agent.json", { ...agent, resources: ["http://127.0.0.1:8787/absent"] });
    const dev = startDev(0, "--host", "0.0.0.0");
    await listening(dev);
    expect(await dev.line('"event":"exposed"')).toContain("0.0.0.0");
    expect(await dev.line('"event":"finding"')).toContain("http://127.0.0.1:8787/absent");
    await writeDocument(config, "policy/acme.json", { ...POLICY, description: "edited" });
    await dev.line('"event":"changed","key":"policy:acme"');
    await writeDocument(config, "client/agent.json", agent);
    await dev.line('"event":"mended","mended":1');
    expect(dev.stdout.split("/absent").length).toBe(2);
    dev.signal("SIGTERM");
    await dev.ended();
  });
});
