import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestClientSecret } from "../../cli/client-secret.ts";
import { ensureLocalSecrets } from "../../cli/secrets.ts";
import { redeem } from "../../demo/redeem.ts";
import { readCheckpoint } from "../../src/audit/checkpoint.ts";
import { eventually } from "../journeys/support/eventually.ts";
import { clientDocument, idpDocument, permitRule, policyDocument, resourceDocument } from "../support/documents.ts";
import { TestIdp, validClaims } from "../support/test-idp.ts";
import { CrossgateProcess } from "./crossgate-process.ts";
import { runCrossgate } from "./run-crossgate.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { writeDocument } from "./trust-fixture.ts";

const SECRET = "the-secret-of-the-agent-in-this-test";
const ISSUER = "http://127.0.0.1:18788";
const SERVER = `${ISSUER}/mcp/files`;

async function install() {
  const [config, state] = [await temporaryDirectory(), await temporaryDirectory()];
  const { CLIENT_SECRET_PEPPER: pepper } = await ensureLocalSecrets(state);
  const idp = await TestIdp.start();
  const authentication = { methods: ["client_secret_basic"], secret_digests: [digestClientSecret(SECRET, pepper)] };
  await writeDocument(config, "idp/only.json", idpDocument({ key_set: idp.jwks }));
  await writeDocument(config, "client/only.json", clientDocument({ authentication, resources: [SERVER] }));
  await writeDocument(
    config,
    "resource/only.json",
    resourceDocument({ resource: SERVER, upstream: "http://127.0.0.1:1/mcp" }),
  );
  await writeDocument(config, "policy/only.json", policyDocument({ rules: [permitRule({ resources: [SERVER] })] }));
  return { config, state, idp };
}

async function startDev({ config, state }: { readonly config: string; readonly state: string }) {
  const places = ["--config", config, "--state", state, "--port", "0", "--issuer", ISSUER];
  const dev = new CrossgateProcess(["dev", ...places, "--upkeep-every", "1", "--json"]);
  return { dev, url: String(JSON.parse(await dev.line('"event":"listening"')).url) };
}

/** The redemption, and the three keys that were seen for the first time. */
const RECORDS = 4;

/** What is published, once it signs for all records. */
async function signedEvidence(url: string): Promise<string> {
  return eventually("a checkpoint that signs for every record", async () => {
    const text = await (await fetch(`${url}/.well-known/crossgate-audit-checkpoint`)).text();
    const { checkpoint } = JSON.parse(text) as { checkpoint: string | null };
    const heads = checkpoint === null ? [] : (readCheckpoint(checkpoint)?.heads ?? []);
    return heads.reduce((sum, { sequence }) => sum + sequence, 0) === RECORDS && text;
  });
}

/** The name and the text of the batch that has the redemption. */
async function findRedemption(archive: string): Promise<{ readonly name: string; readonly text: string }> {
  const names = await readdir(join(archive, "events"), { recursive: true });
  const batches = names.filter((each) => each.endsWith(".ndjson")).map((each) => join("events", each));
  const read = await Promise.all(
    batches.map(async (name) => ({ name, text: await readFile(join(archive, name), "utf8") })),
  );
  const found = read.find(({ text }) => text.includes('"decision":"granted"'));
  if (found === undefined) throw new Error("the redemption is not in the archive");
  return found;
}

/** The inventory has the connection, and the command that it gives ends it. */
async function stopByInventory({ state, idp }: Awaited<ReturnType<typeof install>>, url: string): Promise<void> {
  const listed = await runCrossgate(["inventory", "--people", "--json", "--state", state]);
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  const connection = JSON.parse(listed.stdout) as { readonly stop: string };
  expect(connection).toMatchObject({
    client_id: "agent",
    resource: SERVER,
    tokens_issued: 1,
    people: 1,
    people_served: [{ subject: "user-ada" }],
  });
  const [, crossgate, ...words] = connection.stop.replace("WORD", "drill").split(" ");
  expect(crossgate).toBe("crossgate");
  expect(await runCrossgate([...words, "--yes"])).toMatchObject({ code: 0 });
  const assertion = await idp.sign(validClaims({ aud: ISSUER, resource: SERVER, jti: "after-the-drill" }));
  const refused = await redeem({ issuer: url, clientId: "agent", clientSecret: SECRET, assertion });
  expect(refused).toMatchObject({ status: 400, error: "invalid_grant" });
}

describe("crossgate audit", { timeout: 120_000 }, () => {
  it("exports the archive of a running Crossgate, which verifies, and where a byte of it was changed", async () => {
    const installation = await install();
    const { dev, url } = await startDev(installation);
    const assertion = await installation.idp.sign(validClaims({ aud: ISSUER, resource: SERVER, jti: "spent" }));
    const granted = await redeem({ issuer: url, clientId: "agent", clientSecret: SECRET, assertion });
    expect(granted.status).toBe(200);
    const [archive, kept] = [await temporaryDirectory(), join(await temporaryDirectory(), "checkpoint.json")];
    await writeFile(kept, await signedEvidence(url));
    const exported = await runCrossgate(["audit", "export", archive, "--state", installation.state]);
    expect(exported).toMatchObject({ code: 0, stderr: "" });
    await stopByInventory(installation, url);
    dev.signal("SIGTERM");
    expect(await dev.ended()).toBe(0);

    const verify = () => runCrossgate(["audit", "verify", "--offline", archive, "--evidence", kept]);
    const sound = await verify();
    expect(sound.stdout).toContain(`Nothing is wrong.\n${RECORDS} records in `);
    expect(sound).toMatchObject({ code: 0, stderr: "" });

    const { name, text } = await findRedemption(archive);
    await writeFile(join(archive, name), text.replace("granted", "grantee"));
    const edited = await verify();
    expect(edited.stdout).toContain(`edited    ${name}: `);
    expect(edited).toMatchObject({ code: 1, stderr: "" });
  });
});
