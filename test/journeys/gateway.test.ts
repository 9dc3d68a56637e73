import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type McpServer, startEverythingServer } from "../../demo/mcp-server.ts";
import { makeDpopKey } from "../support/dpop.ts";
import { eventually } from "./support/eventually.ts";
import { callGateway, echoMessage } from "./support/gateway-call.ts";
import { type AuditRecord, guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { connectClient } from "./support/mcp-client.ts";
import { makeAccessTokenProof } from "./support/proof.ts";
import { openRaw, postLines, requestRaw } from "./support/raw-request.ts";
import {
  answerJson,
  answerResult,
  messageOf,
  type ScriptedUpstream,
  sendEvent,
  startEvents,
  startScriptedUpstream,
} from "./support/scripted-upstream.ts";
import { answerStateless } from "./support/stateless-server.ts";

const ONE = "/one/mcp";
const TWO = "/two/mcp";
const EVERYTHING = "/everything/mcp";
const SHORT_LIVED = "/short-lived/mcp";
/** Long enough for a stream to open in, short enough to wait for. */
const SHORT_LIFETIME_SECONDS = 3;

let upstream: ScriptedUpstream;
let everything: McpServer;
let guarded: GuardedServers;

beforeAll(async () => {
  [upstream, everything] = await Promise.all([startScriptedUpstream(), startEverythingServer()]);
  guarded = await guardServers({
    [ONE]: { upstream: upstream.url },
    [TWO]: { upstream: upstream.url },
    [EVERYTHING]: { upstream: everything.url },
    [SHORT_LIVED]: { upstream: upstream.url, token_lifetime_seconds: SHORT_LIFETIME_SECONDS },
  });
});

afterAll(async () => {
  await guarded?.stop();
  await Promise.all([upstream?.close(), everything?.close()]);
});

beforeEach(() => upstream.forget());

const correlationIdOf = (response: Response): string | null => response.headers.get("crossgate-correlation-id");

/** Records take seconds to arrive, so they are looked for once, when all calls have been made. */
const expectedRecords: { readonly correlationId: string | null; readonly facts: Partial<AuditRecord> }[] = [];

function expectRecord(response: Response, facts: Partial<AuditRecord>): void {
  expectedRecords.push({ correlationId: correlationIdOf(response), facts });
}

/** Or until nobody takes it any more. */
function untilTaken(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.once("drain", done).once("close", done);
  });
}

describe("discovery", () => {
  it("leads from the refusal to metadata about exactly the URL that was called (RFC 9728 §3.3) [MCPA-01, MCPA-02, P9728-02, GW-01, EMA-01]", async () => {
    for (const path of [ONE, TWO, EVERYTHING]) {
      const url = guarded.urlOf(path);
      const refused = await callGateway(url, {});
      expect(refused.status).toBe(401);
      const [, metadataUrl = ""] =
        /resource_metadata="([^"]+)"/.exec(refused.headers.get("www-authenticate") ?? "") ?? [];
      const metadata = await (await fetch(metadataUrl)).json();
      expect(metadata).toMatchObject({ resource: url, authorization_servers: [guarded.crossgate.issuer] });
    }
    expect(upstream.received).toEqual([]);
  });
});

describe("one server of several", () => {
  it("takes no token that was issued for another (RFC 8707) [JAG-R-23, MCPA-07]", async () => {
    const token = await guarded.accessToken({ path: ONE });
    expect((await callGateway(guarded.urlOf(ONE), { token })).status).toBe(200);
    const refused = await callGateway(guarded.urlOf(TWO), { token });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(upstream.received).toHaveLength(1);
    expectRecord(refused, { reason: "token_audience", decision: "refused" });
  });

  it("is where a bearer of a bound token needs its key, once a call", async () => {
    const dpopKey = await makeDpopKey();
    const token = await guarded.accessToken({ path: ONE, dpopKey });
    const url = guarded.urlOf(ONE);
    const asBearer = await callGateway(url, { token });
    expect([asBearer.status, asBearer.headers.get("www-authenticate")?.startsWith("DPoP ")]).toEqual([401, true]);
    const headers = { dpop: await makeAccessTokenProof(dpopKey, token, url) };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => callGateway(url, { token, scheme: "DPoP", headers })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(7);
    expect(upstream.received).toHaveLength(1);
    expectRecord(asBearer, { reason: "token_binding", decision: "refused", upstream_status: null });
  });
});

describe("what reaches the upstream over the wire", () => {
  it("is none of what came with the call but the message and what MCP names", async () => {
    const token = await guarded.accessToken({ path: ONE });
    const lines = [
      ...postLines(guarded.crossgate.url, ONE, token),
      "Cookie: session=canary",
      "DPoP: canary",
      "Proxy-Authorization: Basic canary",
      "X-Forwarded-For: canary",
      "X-Forwarded-Host: canary",
      "X-Forwarded-Proto: canary",
      "Forwarded: for=canary",
      "X-Real-IP: canary",
      "Cf-Connecting-IP: canary",
      "Cf-Access-Jwt-Assertion: canary",
      "X-User: canary",
      "Mcp_Session_Id: canary",
      "Mcp.Session.Id: canary",
      "X_Forwarded_For: canary",
      "Via: canary",
      "TE: trailers",
      "Mcp-Param-Region: us-west1",
      "MCP-Protocol-Version: 2025-11-25",
    ];
    const answer = await requestRaw(guarded.crossgate.url, lines, JSON.stringify(echoMessage()));
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    const [received] = upstream.received;
    expect(upstream.everything()).not.toContain("canary");
    expect(upstream.everything()).not.toContain(token);
    const names = Object.keys(received?.headers ?? {}).toSorted();
    expect(names).toEqual([
      "accept",
      "accept-encoding",
      "cache-control",
      // The runtime names our own zone to whatever a Worker fetches; nobody can leave it out.
      "cf-worker",
      "content-length",
      "content-type",
      "host",
      "mcp-param-region",
      "mcp-protocol-version",
      "pragma",
      // Ours: the caller brought none.
      "traceparent",
    ]);
    expect(received).toMatchObject({ method: "POST", url: "/mcp", body: JSON.stringify(echoMessage()) });
  });
});

describe("what comes back over the wire", () => {
  it("is neither a cookie, nor a challenge, nor anything that leads away", async () => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((received, response) =>
      answerJson(
        response,
        { jsonrpc: "2.0", id: messageOf(received).id, result: {} },
        {
          "set-cookie": "a=b",
          "www-authenticate": 'Bearer resource_metadata="https://evil.example"',
          location: "https://evil.example",
          "access-control-allow-origin": "*",
        },
      ),
    );
    const response = await callGateway(guarded.urlOf(ONE), { token });
    expect(response.status).toBe(200);
    const names = ["set-cookie", "www-authenticate", "location", "access-control-allow-origin"];
    expect(names.filter((name) => response.headers.has(name))).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])("is never what a redirect (%s) leads to", async (status) => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((received, response) => {
      if (received.url === "/elsewhere") return answerResult(received, response);
      return void response.writeHead(status, { location: "/elsewhere" }).end();
    });
    const response = await callGateway(guarded.urlOf(ONE), { token });
    expect([response.status, response.headers.get("location")]).toEqual([502, null]);
    expect(upstream.received.map(({ url }) => url)).toEqual(["/mcp"]);
    expectRecord(response, { decision: "failed", reason: "upstream_redirect", upstream_status: status });
  });

  it.each([
    ["an upstream that is refused", 401, 502],
    ["an upstream that is forbidden", 403, 502],
    ["an upstream that fails", 500, 500],
  ])("is the status that concerns the client: %s", async (_name, status, seen) => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer(
      (_received, response) => void response.writeHead(status, { "content-type": "text/html" }).end("<p>"),
    );
    const response = await callGateway(guarded.urlOf(ONE), { token });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([seen, null]);
    expect(await response.text()).not.toContain("<p>");
  });

  it("is an error when the upstream resets the connection", async () => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((_received, response) => void response.socket?.resetAndDestroy());
    const response = await callGateway(guarded.urlOf(ONE), { token });
    expect(response.status).toBe(502);
    expectRecord(response, { decision: "failed", reason: "upstream_unreachable", upstream_status: null });
  });

  it("is no list of which half is missing, though the upstream said how long it is", async () => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((_received, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"jsonrpc":"2.0","id":1,"result":{"tools":[', () => response.socket?.destroy());
    });
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const response = await callGateway(guarded.urlOf(ONE), { token, message });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ id: 1, error: { code: expect.any(Number) } });
    expectRecord(response, { decision: "failed", reason: "upstream_unreachable", upstream_status: 200 });
  });

  it("is never what an upstream sends behind its answer, for whoever calls next", async () => {
    const [first, next] = await Promise.all(["ada", "bob"].map((sub) => guarded.accessToken({ path: ONE, sub })));
    upstream.answer((received, response) => {
      const { id } = messageOf(received);
      if (id !== "first") return answerResult(received, response);
      const spell = (body: string): string =>
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      const answers = ["first", "next"].map((of) =>
        spell(JSON.stringify({ jsonrpc: "2.0", id: of, result: { of: "ada" } })),
      );
      response.socket?.write(answers.join(""));
    });
    const ours = await callGateway(guarded.urlOf(ONE), {
      ...(first && { token: first }),
      message: echoMessage("first"),
    });
    expect(await ours.json()).toMatchObject({ id: "first", result: { of: "ada" } });
    const theirs = await callGateway(guarded.urlOf(ONE), {
      ...(next && { token: next }),
      message: echoMessage("next"),
    });
    expect(await theirs.json()).toEqual({ jsonrpc: "2.0", id: "next", result: { content: [] } });
  });

  it("is no list without end: the upstream is let go after four mebibytes, and its caller is told", async () => {
    const token = await guarded.accessToken({ path: ONE });
    const chunk = `"${"x".repeat(65_534)}",`;
    let sentBytes = 0;
    upstream.answer(async (_received, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"jsonrpc":"2.0","id":1,"result":{"tools":[');
      while (!response.destroyed && sentBytes < 100 * 2 ** 20) {
        sentBytes += chunk.length;
        // oxlint-disable-next-line no-await-in-loop -- as fast as it is taken, and no faster
        if (!response.write(chunk)) await untilTaken(response);
      }
      response.end();
    });
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const response = await callGateway(guarded.urlOf(ONE), { token, message });
    expect(response.status).toBe(502);
    expect(sentBytes).toBeLessThan(50 * 2 ** 20);
    expectRecord(response, { decision: "failed", reason: "upstream_list_malformed", upstream_status: 200 });
  });

  it("is readable though the upstream compresses what it was asked not to", async () => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((_received, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync('{"jsonrpc":"2.0","id":1,"result":"unzipped"}'));
    });
    const lines = [...postLines(guarded.crossgate.url, ONE, token), "Accept-Encoding: identity"];
    expect(await requestRaw(guarded.crossgate.url, lines, JSON.stringify(echoMessage()))).toContain('"unzipped"');
  });
});

describe("streams", () => {
  it("arrive event by event, long before they end [MCPT-05, MCPT-31]", async () => {
    const token = await guarded.accessToken({ path: ONE });
    let finish: () => void = () => undefined;
    upstream.answer((_received, response) => {
      startEvents(response);
      sendEvent(response, { step: 1 });
      finish = () => {
        sendEvent(response, { step: 2 });
        response.end();
      };
    });
    const response = await callGateway(guarded.urlOf(ONE), { token });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('{"step":1}');
    finish();
    expect((await reader?.read())?.value).toContain('{"step":2}');
    expect((await reader?.read())?.done).toBe(true);
  });

  it("of the era of sessions are opened by GET and end with the token that opened them [MCPL-02, MCPT-01]", async () => {
    const token = await guarded.accessToken({ path: SHORT_LIVED });
    upstream.answer((received, response) => {
      startEvents(response);
      if (received.method === "GET") sendEvent(response, { method: "notifications/message" });
    });
    const response = await callGateway(guarded.urlOf(SHORT_LIVED), { token, method: "GET" });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain("notifications/message");
    expect((await reader?.read())?.done, "in good order, and not as a broken connection").toBe(true);
    await eventually("the upstream's end of the stream", () => upstream.received[0]?.hungUpAtMilliseconds);
    expect((await callGateway(guarded.urlOf(SHORT_LIVED), { token, method: "GET" })).status).toBe(401);
  });
});

describe("a client that hangs up", () => {
  // Reset, not closed: HTTP/1.1 lets a client close its own half and still read, and no server can tell the two apart
  // before it writes. Cloudflare's front reports a client's going in any case; the bare runtime sees a reset.
  it("before the answer, is gone for the upstream too, and its call is on record", async () => {
    const token = await guarded.accessToken({ path: ONE, sub: "hangs-up-early" });
    upstream.answer(() => undefined);
    const message = JSON.stringify(echoMessage("hang", "do something that matters"));
    const socket = openRaw(guarded.crossgate.url, postLines(guarded.crossgate.url, ONE, token), message);
    await eventually("the call", () => upstream.received.length === 1);
    expect(upstream.received[0]?.hungUpAtMilliseconds).toBeNull();
    socket.resetAndDestroy();
    expect(await eventually("the hang-up", () => upstream.received[0]?.hungUpAtMilliseconds)).toBeGreaterThan(0);
    const call = await eventually("the record of its call", async () =>
      (await guarded.auditEvents()).find(
        ({ subject, type }) => subject === "hangs-up-early" && type === "gateway_call",
      ),
    );
    expect(call).toMatchObject({ decision: "granted", method: "tools/call", target: "echo", upstream_status: null });
  });

  it.each(["POST", "GET"])("while a %s streams, is gone for the upstream too [MCPT-33]", async (method) => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((_received, response) => {
      startEvents(response);
      sendEvent(response, { step: 1 });
    });
    const [, ...lines] = postLines(guarded.crossgate.url, ONE, token);
    const message = method === "POST" ? JSON.stringify(echoMessage()) : "";
    const socket = openRaw(guarded.crossgate.url, [`${method} ${ONE} HTTP/1.1`, ...lines], message);
    await new Promise((resolve) => socket.once("data", resolve));
    expect(upstream.received[0]?.hungUpAtMilliseconds).toBeNull();
    socket.resetAndDestroy();
    expect(await eventually("the hang-up", () => upstream.received[0]?.hungUpAtMilliseconds)).toBeGreaterThan(0);
  });

  it("by closing, is gone for an upstream that goes on talking", async () => {
    const token = await guarded.accessToken({ path: ONE });
    upstream.answer((_received, response) => {
      startEvents(response);
      const talking = setInterval(() => sendEvent(response, { step: "next" }), 50);
      response.on("close", () => clearInterval(talking));
    });
    const client = new AbortController();
    const response = await callGateway(guarded.urlOf(ONE), { token, signal: client.signal });
    await response.body?.getReader().read();
    client.abort();
    expect(await eventually("the hang-up", () => upstream.received[0]?.hungUpAtMilliseconds)).toBeGreaterThan(0);
  });
});

describe("64 clients at once", () => {
  it("with the same JSON-RPC ids get their own answers each, whatever the order [MCPT-51, MCPT-21]", async () => {
    const tokens = await Promise.all(
      Array.from({ length: 8 }, (_, index) => guarded.accessToken({ path: ONE, sub: `person-${index}` })),
    );
    // Nobody is answered before all have asked, and then the last comes first.
    const waiting: (() => void)[] = [];
    upstream.answer((received, response) => {
      const { id, params } = messageOf(received);
      waiting.push(() => {
        startEvents(response);
        sendEvent(response, { jsonrpc: "2.0", method: "notifications/progress", params: params?.arguments });
        sendEvent(response, { jsonrpc: "2.0", id, result: params?.arguments });
        response.end();
      });
      if (waiting.length === 64) for (const answerNow of waiting.toReversed()) answerNow();
    });
    const answers = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const token = tokens[index % tokens.length] ?? "";
        const response = await callGateway(guarded.urlOf(ONE), { token, message: echoMessage(1, `canary-${index}.`) });
        return response.text();
      }),
    );
    const canariesSeen = answers.map((text) => [...new Set(text.match(/canary-\d+\./g))]);
    expect(canariesSeen).toEqual(Array.from({ length: 64 }, (_, index) => [`canary-${index}.`]));
  });
});

describe("the official client, in the era of sessions", () => {
  it("lists and calls the tools of a real server, and only those it may", async () => {
    const token = await guarded.accessToken({ path: EVERYTHING });
    const { client, observed } = await connectClient(guarded.urlOf(EVERYTHING), token, "legacy");
    expect(client.getNegotiatedProtocolVersion()).toBe("2025-11-25");
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("echo");
    const echoed = await client.callTool({ name: "echo", arguments: { message: "through the gateway" } });
    expect(JSON.stringify(echoed.content)).toContain("through the gateway");
    await expect(client.callTool({ name: "get-env", arguments: {} })).rejects.toThrow();
    expect(observed.findLast(({ mcpMethod }) => mcpMethod === "tools/call")).toMatchObject({
      status: 403,
      challenge: expect.stringContaining('error="insufficient_scope", scope="tools:any"'),
    });
  });

  it("has a session that nobody else can use, and that ends when it says so", async () => {
    const token = await guarded.accessToken({ path: EVERYTHING, sub: "ada" });
    const { client, transport } = await connectClient(guarded.urlOf(EVERYTHING), token, "legacy");
    const headers = { "mcp-session-id": transport.sessionId ?? "", "mcp-protocol-version": "2025-11-25" };
    const message = { jsonrpc: "2.0", id: 9, method: "tools/list" };
    const tryWith = async (other: string): Promise<number> => {
      const response = await callGateway(guarded.urlOf(EVERYTHING), { token: other, headers, message });
      await response.body?.cancel();
      return response.status;
    };
    const again = { path: EVERYTHING, sub: "ada" } as const;
    expect(await tryWith(await guarded.accessToken(again)), "the same person, another token").toBe(200);
    expect(await tryWith(await guarded.accessToken({ ...again, sub: "bob" })), "another person").toBe(404);
    expect(await tryWith(await guarded.accessToken({ ...again, client: "other-agent" })), "another client").toBe(404);
    await transport.terminateSession();
    expect(await tryWith(token), "after DELETE: this server's word for it").toBe(400);
    await client.close();
  });
});

describe("the official client, in the stateless era", () => {
  it("lists and calls the tools of a server of revision 2026-07-28", async () => {
    upstream.answer(answerStateless);
    const token = await guarded.accessToken({ path: ONE });
    const { client } = await connectClient(guarded.urlOf(ONE), token, { pin: "2026-07-28" });
    expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["echo"]);
    const echoed = await client.callTool({ name: "echo", arguments: { message: "stateless" } });
    expect(JSON.stringify(echoed.content)).toContain("Echo: stateless");
    expect(upstream.received.map((received) => messageOf(received).method)).toEqual([
      "server/discover",
      "tools/list",
      "tools/call",
    ]);
  });
});

describe("the record", () => {
  it("says of every refusal above why, and what the upstream had said", async () => {
    expect(expectedRecords.length).toBeGreaterThan(7);
    for (const { correlationId, facts } of expectedRecords) {
      const found = await eventually(`the record of ${correlationId}`, async () =>
        (await guarded.auditEvents()).find((event) => event.correlation_id === correlationId),
      );
      expect(found).toMatchObject(facts);
    }
  });

  it("has each call once whose caller is known, granted and refused, and none of junk", async () => {
    const known = async (): Promise<readonly AuditRecord[]> =>
      (await guarded.auditEvents()).filter(({ subject, type }) => subject === "counted" && type === "gateway_call");
    const token = await guarded.accessToken({ path: ONE, sub: "counted" });
    const url = guarded.urlOf(ONE);
    const call = (name: string) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name } });
    const correlationIds = new Set<string | null>();
    for (const message of [echoMessage(), call("rm"), call("echo"), "junk", []]) {
      correlationIds.add(correlationIdOf(await callGateway(url, { token, message })));
    }
    for (const junk of ["junk", `${token}x`, "a.b.c"]) await callGateway(url, { token: junk });
    await eventually("five records", async () => (await known()).length >= 5);
    const events = await known();
    expect(new Set(events.map((event) => event.correlation_id))).toEqual(correlationIds);
    const reasons = events.map(({ reason }) => reason ?? "granted").toSorted((a, b) => a.localeCompare(b));
    expect(reasons).toEqual(["granted", "granted", "message_malformed", "message_malformed", "scope_insufficient"]);
  });
});
