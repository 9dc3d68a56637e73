import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { derivePrincipal } from "../../src/redemption/principal.ts";
import { IDP } from "../support/documents.ts";
import { callGateway } from "./support/gateway-call.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import {
  answerResult,
  type Received,
  type ScriptedUpstream,
  startScriptedUpstream,
} from "./support/scripted-upstream.ts";
import {
  CLIENT_SECRET,
  startUpstreamAuthorizationServer,
  type UpstreamAuthorizationServer,
} from "./support/upstream-authorization-server.ts";
import { setSecret } from "./support/vault.ts";

const FILES = "/files/mcp";
const EXCHANGING = "/exchanging/mcp";

let server: UpstreamAuthorizationServer;
let upstream: ScriptedUpstream;
let guarded: GuardedServers;

const tokenOf = ({ headers }: Received): string => (headers.authorization ?? "").replace(/^Bearer /, "");

beforeAll(async () => {
  server = await startUpstreamAuthorizationServer();
  // An MCP server that asks its authorization server about each token.
  upstream = await startScriptedUpstream(async (received, response) => {
    if ((await server.clientOf(tokenOf(received))) === "gateway") return answerResult(received, response);
    response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
  });
  const registered = { client_id: "gateway", method: "client_secret_basic", secret: "files-client" };
  const upstream_credential = { type: "client_credentials", authorization_server: server.issuer, ...registered };
  const exchanged = { type: "token_exchange", authorization_server: server.issuer, ...registered };
  guarded = await guardServers({
    [FILES]: { upstream: upstream.url, upstream_credential },
    [EXCHANGING]: { upstream: upstream.url, upstream_credential: { ...exchanged, subject_token: "identity" } },
  });
  server.trust(guarded.crossgate.issuer);
});

afterAll(async () => {
  await guarded?.stop();
  await Promise.all([upstream?.close(), server?.close()]);
});

describe("an MCP server with an authorization server of its own (client_credentials)", () => {
  it("cannot be called while the vault has no secret for it, which nobody outside can mend", async () => {
    const token = await guarded.accessToken({ path: FILES });
    expect((await callGateway(guarded.urlOf(FILES), { token })).status).toBe(502);
    expect(upstream.received).toEqual([]);
    await setSecret(guarded.crossgate, "files-client", CLIENT_SECRET);
  });

  it("is called with one token of that server's, whoever calls, and with another once that one is revoked", async () => {
    await expect
      .poll(
        async () =>
          (await callGateway(guarded.urlOf(FILES), { token: await guarded.accessToken({ path: FILES }) })).status,
        {
          timeout: 20_000,
        },
      )
      .toBe(200);
    upstream.forget();
    const tokens = await Promise.all(["ada", "bob", "eve"].map((sub) => guarded.accessToken({ path: FILES, sub })));
    const answers = await Promise.all(tokens.map((token) => callGateway(guarded.urlOf(FILES), { token })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const [presented = "", ...others] = new Set(upstream.received.map((received) => tokenOf(received)));
    expect(others).toEqual([]);
    expect(tokens).not.toContain(presented);
    await server.revoke(presented);
    // One that is a few seconds old is not replaced yet: that is for a hundred calls that are refused at once.
    await expect
      .poll(async () => (await callGateway(guarded.urlOf(FILES), { token: tokens[0] ?? "" })).status, {
        timeout: 20_000,
      })
      .toBe(200);
    expect(await server.clientOf(tokenOf(upstream.received.at(-1) as Received))).toBe("gateway");
    expect(upstream.everything()).not.toContain(CLIENT_SECRET);
  });
});

describe("an MCP server that wants to know who calls (token_exchange, RFC 8693)", () => {
  it("is called with a token of its own server's about each caller, for which ours about them was exchanged", async () => {
    upstream.forget();
    const callers = ["ada", "bob", "ada"];
    const tokens = await Promise.all(callers.map((sub) => guarded.accessToken({ path: EXCHANGING, sub })));
    const answers = await Promise.all(tokens.map((token) => callGateway(guarded.urlOf(EXCHANGING), { token })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const presented = upstream.received.map((received) => tokenOf(received));
    const subjects = await Promise.all(presented.map((token) => server.subjectOf(token)));
    const known = callers.map((sub) => derivePrincipal({ issuer: IDP, tenant: null, sub }));
    expect(subjects.toSorted()).toEqual((await Promise.all(known)).toSorted());
    for (const token of tokens) expect(upstream.everything()).not.toContain(token);
  });
});
