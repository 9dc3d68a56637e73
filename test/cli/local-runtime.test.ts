import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type LocalCrossgate, type LocalCrossgateOptions, startLocalCrossgate } from "../../cli/local-runtime.ts";
import { createRandomSecret } from "../../cli/client-secret.ts";
import { createSigningKeys } from "../../cli/signing-keys.ts";
import { createVaultKeys } from "../../cli/vault-keys.ts";
import { bundleWorker } from "../../cli/worker-bundle.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const START_MILLISECONDS = 60_000;
let bundleDirectory: string;

beforeAll(async () => {
  bundleDirectory = await mkdtemp(join(tmpdir(), "crossgate-test-bundle-"));
  await bundleWorker(bundleDirectory);
}, START_MILLISECONDS);

afterAll(() => rm(bundleDirectory, { recursive: true, force: true }));

async function start(options: Partial<LocalCrossgateOptions> = {}): Promise<LocalCrossgate> {
  const secrets = {
    SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    AUDIT_SIGNING_KEYS: JSON.stringify(await createSigningKeys()),
    VAULT_KEYS: JSON.stringify(createVaultKeys()),
    CLIENT_SECRET_PEPPER: createRandomSecret(),
    STATE_SECRET: createRandomSecret(),
  };
  const crossgate = await startLocalCrossgate({ port: 0, documents: [], secrets, bundleDirectory, ...options });
  onTestFinished(() => crossgate.stop().catch(() => undefined));
  return crossgate;
}

async function publishedIssuer(url: string): Promise<unknown> {
  const response = await fetch(`${url}/.well-known/oauth-authorization-server`);
  const metadata: unknown = await response.json();
  return typeof metadata === "object" && metadata !== null && "issuer" in metadata ? metadata.issuer : metadata;
}

describe("startLocalCrossgate", { timeout: START_MILLISECONDS }, () => {
  it("answers on a free port, is its own issuer, and holds the documents", async () => {
    const documents = [
      { key: "policy:acme", value: "{}" },
      { key: "client:agent", value: "[]" },
    ];
    const crossgate = await start({ documents });
    expect(crossgate.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(crossgate.issuer).toBe(crossgate.url);
    expect(await publishedIssuer(crossgate.url)).toBe(crossgate.url);
    expect(await crossgate.kv.get("policy:acme")).toBe("{}");
    expect(await crossgate.kv.get("client:agent")).toBe("[]");
  });

  it("gives the Worker what wrangler.toml binds, and the issuer and variables of this start", async () => {
    const crossgate = await start({ issuer: "https://mcp.example.com", vars: { LEDGER_SHARDS: "3" } });
    const bindings = await crossgate.miniflare.getBindings();
    expect(bindings).toMatchObject({ ISSUER: "https://mcp.example.com", LEDGER_SHARDS: "3", LEDGER_LOCATION_HINT: "" });
    const names = [
      "TRUST_AND_POLICY",
      "AUDIT_QUEUE",
      "AUDIT_INDEX",
      "AUDIT_ARCHIVE",
      "ASSERTION_LEDGER",
      "ISSUER_KEY_SET",
    ];
    expect(Object.keys(bindings)).toEqual(expect.arrayContaining(names));
  });

  it("keeps KV, D1 and R2 in the state directory, and applies a migration once", async () => {
    const stateDirectory = await temporaryDirectory();
    const first = await start({ stateDirectory });
    const { results: migrations } = await first.d1.prepare("SELECT * FROM d1_migrations").all();
    await first.kv.put("policy:acme", "kept");
    await first.r2.put("record", "kept");
    await first.d1.prepare("CREATE TABLE kept (word TEXT)").run();
    await first.stop();

    const second = await start({ stateDirectory });
    expect(await second.kv.get("policy:acme")).toBe("kept");
    expect(await (await second.r2.get("record"))?.text()).toBe("kept");
    expect((await second.d1.prepare("SELECT * FROM kept").all()).results).toEqual([]);
    expect((await second.d1.prepare("SELECT * FROM d1_migrations").all()).results).toEqual(migrations);
  });

  it("names a port that is in use", async () => {
    const occupant = createServer().listen(0, "127.0.0.1");
    await once(occupant, "listening");
    onTestFinished(() => void occupant.close());
    const address = occupant.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
  });
});
