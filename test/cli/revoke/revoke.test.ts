import { describe, expect, it } from "vitest";
import { digestClientSecret } from "../../../cli/client-secret.ts";
import { reservePort } from "../../../cli/listening-port.ts";
import { ensureLocalSecrets } from "../../../cli/secrets.ts";
import { redeem } from "../../../demo/redeem.ts";
import { eventually } from "../../journeys/support/eventually.ts";
import { callGateway } from "../../journeys/support/gateway-call.ts";
import { startScriptedUpstream } from "../../journeys/support/scripted-upstream.ts";
import {
  clientDocument,
  IDP,
  idpDocument,
  permitRule,
  policyDocument,
  resourceDocument,
} from "../../support/documents.ts";
import { TestIdp, validClaims } from "../../support/test-idp.ts";
import { CrossgateProcess } from "../crossgate-process.ts";
import { runCrossgate } from "../run-crossgate.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { writeDocument } from "../trust-fixture.ts";

const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
const SECRET = "the-secret-of-the-agent-in-this-test";

/** A running Crossgate with one server behind it, and somebody who signs in as ada. */
async function start() {
  const [config, state] = [await temporaryDirectory(), await temporaryDirectory()];
  const { CLIENT_SECRET_PEPPER } = await ensureLocalSecrets(state);
  const [idp, upstream] = [await TestIdp.start(), await startScriptedUpstream()];
  const port = await reservePort("127.0.0.1", 0);
  const issuer = `http://127.0.0.1:${port}`;
  const server = `${issuer}/mcp/files`;
  const authentication = {
    methods: ["client_secret_basic"],
    secret_digests: [digestClientSecret(SECRET, CLIENT_SECRET_PEPPER)],
  };
  await writeDocument(config, "idp/example.json", idpDocument({ key_set: idp.jwks }));
  await writeDocument(config, "client/agent.json", clientDocument({ authentication, resources: [server] }));
  await writeDocument(config, "resource/files.json", resourceDocument({ resource: server, upstream: upstream.url }));
  await writeDocument(config, "policy/acme.json", policyDocument({ rules: [permitRule({ resources: [server] })] }));
  const dev = new CrossgateProcess(["dev", "--config", config, "--state", state, "--port", `${port}`, "--json"]);
  await dev.line('"event":"listening"');
  const signIn = async () => {
    const claims = validClaims({ aud: issuer, resource: server, jti: crypto.randomUUID() });
    return redeem({ issuer, clientId: "agent", clientSecret: SECRET, assertion: await idp.sign(claims) });
  };
  const stop = async () => {
    dev.signal("SIGTERM");
    await Promise.all([dev.ended(), upstream.close()]);
  };
  const say = (...words: readonly string[]) => runCrossgate([...words, "--reason", "INC-1", "--state", state]);
  return { state, server, issuer, signIn, say, stop };
}

type Running = Awaited<ReturnType<typeof start>>;

async function tokenOf({ signIn }: Running): Promise<string> {
  const { accessToken } = await signIn();
  if (accessToken === undefined) throw new Error("no access token");
  return accessToken;
}

/** A person: seen first, then stopped at both ends, then let in again with the very token that she had. */
async function stopAndRestorePerson(running: Running): Promise<void> {
  const { server, signIn, say } = running;
  const token = await tokenOf(running);
  const person = ["subject", IDP, "user-ada"];
  const call = async () => {
    const response = await callGateway(server, { token, message: LIST });
    await response.body?.cancel();
    return [response.status, response.headers.get("www-authenticate") ?? ""] as const;
  };
  expect((await call())[0]).toBe(200);

  // With nobody to ask, what it hits is shown and nothing is done.
  const preview = await eventually("its token to be counted", async () => {
    const { code, stdout } = await say("revoke", ...person);
    expect(code).toBe(2);
    return stdout.includes("1 live token of 1 person at 1 client") ? stdout : null;
  });
  expect(preview).toContain(`subject ${IDP} user-ada`);
  expect((await call())[0]).toBe(200);

  const revoked = await say("revoke", ...person, "--yes", "--json");
  expect(revoked).toMatchObject({ code: 0, stderr: "" });
  const answer = { order: "block", reason: "INC-1", in_effect: true, waiting_for: 0, reach: { tokens: 1 } };
  expect(JSON.parse(revoked.stdout)).toMatchObject(answer);
  expect(await signIn()).toMatchObject({ status: 400, error: "invalid_grant" });
  const [status, challenge] = await eventually("the gateway to refuse it", async () => {
    const answered = await call();
    return answered[0] === 200 ? null : answered;
  });
  expect([status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')]);

  const restored = await say("restore", ...person, "--yes");
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining("restored  subject") });
  expect((await signIn()).status).toBe(200);
  await eventually("the gateway to take it again", async () => (await call())[0] === 200);

  expect(await say("revoke", ...person, "--sign-in-again", "--yes")).toMatchObject({ code: 0 });
  await eventually("the gateway to refuse it", async () => (await call())[0] === 401);
}

/** The drills for a key that has got out: a provider's, then our own, which leaves /jwks. */
async function drillKeys({ signIn, say, state, issuer }: Running): Promise<void> {
  const published = async () => {
    const { keys } = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  };
  const { SIGNING_KEYS } = await ensureLocalSecrets(state);
  const { keys } = JSON.parse(SIGNING_KEYS) as { keys: { kid: string; status: string }[] };
  const current = keys.find(({ status }) => status === "current")?.kid ?? "";
  expect(await published()).toContain(current);
  expect(await say("keys", "revoke", current, "--yes")).toMatchObject({ code: 0 });
  expect(await published()).not.toContain(current);
  expect((await signIn()).status).toBe(503);
  expect(await say("restore", "signing-key", current, "--yes")).toMatchObject({ code: 0 });
  expect(await published()).toContain(current);
}

describe("crossgate revoke and restore, on a running Crossgate", { timeout: 120_000 }, () => {
  it("stop a person at both ends and let her in again; end a key of ours, and bring it back", async () => {
    const running = await start();
    await stopAndRestorePerson(running);
    await drillKeys(running);
    await running.stop();
  });

  it("say how to reach one where none runs", async () => {
    const state = await temporaryDirectory();
    const { code, stderr } = await runCrossgate(["revoke", "client", "a", "--reason", "x", "--yes", "--state", state]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("npx crossgate dev")]);
  });
});
