import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { describe, expect, it } from "vitest";
import { digestClientSecret } from "../../cli/client-secret.ts";
import { ensureLocalSecrets } from "../../cli/secrets.ts";
import { redeem } from "../../demo/redeem.ts";
import { runCrossgate } from "../cli/run-crossgate.ts";
import { eventually } from "./support/eventually.ts";
import { CrossgateProcess } from "../cli/crossgate-process.ts";
import { temporaryDirectory } from "../cli/temporary-directory.ts";
import { clientDocument, idpDocument, policyDocument, permitRule, resourceDocument } from "../support/documents.ts";
import { TestIdp, validClaims } from "../support/test-idp.ts";

const SECRET = "the-secret-of-the-agent-in-this-test";
const ISSUER = "http://127.0.0.1:18787";
const SERVER = `${ISSUER}/mcp/files`;

interface Installation {
  readonly config: string;
  readonly state: string;
  readonly idp: TestIdp;
}

async function install(): Promise<Installation> {
  const directory = await temporaryDirectory();
  const [config, state] = [join(directory, "config"), join(directory, "state")];
  const { CLIENT_SECRET_PEPPER } = await ensureLocalSecrets(state);
  const idp = await TestIdp.start();
  const authentication = {
    methods: ["client_secret_basic"],
    secret_digests: [digestClientSecret(SECRET, CLIENT_SECRET_PEPPER)],
  };
  const documents = {
    idp: idpDocument({ key_set: idp.jwks }),
    client: clientDocument({ authentication, resources: [SERVER] }),
    resource: resourceDocument({ resource: SERVER, upstream: "http://127.0.0.1:1/mcp" }),
    policy: policyDocument({ rules: [permitRule({ resources: [SERVER] })] }),
  };
  for (const [kind, document] of Object.entries(documents)) {
    await mkdir(join(config, kind), { recursive: true });
    await writeFile(join(config, kind, "only.json"), JSON.stringify(document));
  }
  return { config, state, idp };
}

async function start({ config, state }: Installation): Promise<{ crossgate: CrossgateProcess; issuer: string }> {
  const crossgate = new CrossgateProcess([
    "dev",
    "--config",
    config,
    "--state",
    state,
    "--port",
    "0",
    "--issuer",
    ISSUER,
    "--json",
  ]);
  const { url } = z.looseObject({ url: z.string() }).parse(JSON.parse(await crossgate.line('"url"')));
  return { crossgate, issuer: url };
}

function claims(jti: string): Record<string, unknown> {
  return validClaims({ aud: ISSUER, resource: SERVER, jti });
}

describe("a restart of the runtime with its state kept", () => {
  it("refuses what was redeemed before the process was killed, and redeems what was not", async () => {
    const installation = await install();
    const spent = await installation.idp.sign(claims("spent"));
    const fresh = await installation.idp.sign(claims("fresh"));
    const ask = (issuer: string, assertion: string) =>
      redeem({ issuer, clientId: "agent", clientSecret: SECRET, assertion });

    const before = await start(installation);
    const both = await Promise.all([ask(before.issuer, spent), ask(before.issuer, spent)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    before.crossgate.signal("SIGKILL");
    await before.crossgate.ended();

    const after = await start(installation);
    const storm = await Promise.all(Array.from({ length: 200 }, () => ask(after.issuer, spent)));
    expect(new Set(storm.map(({ status, error }) => `${status} ${error}`))).toEqual(new Set(["400 invalid_grant"]));
    const redeemed = await ask(after.issuer, fresh);
    expect(redeemed.status).toBe(200);
    expect(redeemed.claims?.["aud"]).toBe(SERVER);
    // The queue of this runtime is memory: what was on its way at the kill is delivered because the ledger still has it.
    const records = await eventually("every decision on record", async () => {
      const { stdout } = await runCrossgate([
        "audit",
        "search",
        "--state",
        installation.state,
        "--type",
        "redemption",
        "--limit",
        "1000",
        "--json",
      ]);
      const found = stdout.split("\n").filter((line) => line !== "");
      return found.length >= 203 ? found.map((line) => JSON.parse(line) as { id: string; decision: string }) : null;
    });
    expect(new Set(records.map(({ id }) => id)).size).toBe(203);
    expect(records).toHaveLength(203);
    expect(records.filter(({ decision }) => decision === "granted")).toHaveLength(2);
    after.crossgate.signal("SIGTERM");
    expect(await after.crossgate.ended()).toBe(0);
  });
});
