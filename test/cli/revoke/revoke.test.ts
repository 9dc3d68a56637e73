import { describe, expect, it } from "vitest";
import { ensureLocalSecrets } from "../../../cli/secrets.ts";
import { eventually } from "../../journeys/support/eventually.ts";
import { callGateway } from "../../journeys/support/gateway-call.ts";
import { type RevocableCrossgate, startRevocableCrossgate } from "../../journeys/support/revocable-crossgate.ts";
import { IDP } from "../../support/documents.ts";
import type { CommandOutcome } from "../run-crossgate.ts";
import { runCrossgate } from "../run-crossgate.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };

type Running = RevocableCrossgate & { readonly say: (...words: readonly string[]) => Promise<CommandOutcome> };

async function start(): Promise<Running> {
  const running = await startRevocableCrossgate();
  return { ...running, say: (...words) => running.run(...words, "--reason", "INC-1") };
}

/** A person: seen first, then stopped at both ends, then let in again with the very token that she had. */
async function stopAndRestorePerson(running: Running): Promise<void> {
  const { server, signIn, say } = running;
  const token = await running.tokenOf("user-ada");
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
