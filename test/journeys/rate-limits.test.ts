import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestClientSecret } from "../../cli/client-secret.ts";
import { type LocalCrossgate, startLocalCrossgate } from "../../cli/local-runtime.ts";
import { ensureLocalSecrets } from "../../cli/secrets.ts";
import { redeem, type Redemption } from "../../demo/redeem.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientDocument } from "../support/documents.ts";

const SECRET = "the-secret-of-both-agents-in-this-test";
const CLIENT_LIMIT = 10;

let crossgate: LocalCrossgate;
let stateDirectory: string;

beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), "crossgate-test-"));
  const secrets = await ensureLocalSecrets(stateDirectory);
  const authentication = {
    methods: ["client_secret_basic"],
    secret_digests: [digestClientSecret(SECRET, secrets.CLIENT_SECRET_PEPPER)],
  };
  const documents = ["noisy", "quiet"].map((client_id) => ({
    key: `client:${client_id}`,
    value: JSON.stringify(clientDocument({ client_id, authentication })),
  }));
  const rateLimits = { network: 400, client: CLIENT_LIMIT };
  crossgate = await startLocalCrossgate({ port: 0, documents, secrets, rateLimits });
});

afterAll(async () => {
  await crossgate.stop();
  await rm(stateDirectory, { recursive: true, force: true });
});

function ask(clientId: string, clientSecret = SECRET): Promise<Redemption> {
  return redeem({ issuer: crossgate.issuer, clientId, clientSecret, assertion: "not-an-assertion" });
}

function raw(): Promise<Response> {
  return fetch(`${crossgate.issuer}/token`, { method: "POST", body: new URLSearchParams({ grant_type: "none" }) });
}

describe("rate limits", () => {
  it("sheds one client's flood with 429 and leaves another client alone [JAG-R-53]", async () => {
    const flood = await Promise.all(Array.from({ length: 5 * CLIENT_LIMIT }, () => ask("noisy")));
    const shed = flood.filter(({ status }) => status === 429);
    expect(shed.length).toBeGreaterThan(0);
    expect(new Set(shed.map(({ error }) => error))).toEqual(new Set(["temporarily_unavailable"]));
    expect((await ask("quiet")).error).toBe("invalid_grant");
  });

  it("does not let one who cannot authenticate spend a client's rate", async () => {
    await Promise.all(Array.from({ length: 5 * CLIENT_LIMIT }, () => ask("quiet", "wrong")));
    expect((await ask("quiet")).error).toBe("invalid_grant");
  });

  it("sheds a network before it says who it is, with Retry-After", async () => {
    const flood = await Promise.all(Array.from({ length: 1000 }, () => raw()));
    const shed = flood.find(({ status }) => status === 429);
    expect(shed?.headers.get("retry-after")).toBe("10");
    expect(shed?.headers.get("cache-control")).toBe("no-store");
  });
});
