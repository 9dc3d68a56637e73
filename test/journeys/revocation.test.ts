import { describe, expect, it } from "vitest";
import { IDP } from "../support/documents.ts";
import { eventually } from "./support/eventually.ts";
import { callGateway } from "./support/gateway-call.ts";
import { type RevocableCrossgate, startRevocableCrossgate } from "./support/revocable-crossgate.ts";
import { answerResult, type Script, startEvents } from "./support/scripted-upstream.ts";

const RESOURCE = {
  scopes: {
    "files:read": { description: "Read and follow", methods: ["tools/list", "subscriptions/listen"] },
    "files:write": { description: "Write", tools: ["write"] },
  },
};
/** Promised are 10 s; a machine under load may take longer to tell than Crossgate took. */
const STREAM_MILLISECONDS = 10_000;
const SLACK_MILLISECONDS = 5_000;

const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
const LISTEN = {
  jsonrpc: "2.0",
  id: 2,
  method: "subscriptions/listen",
  params: {
    notifications: { toolsListChanged: true },
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "journey", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
};

/** Streams never end by themselves. */
const followed: Script = (received, response) => {
  const isStream = received.method === "GET" || received.body.includes("subscriptions/listen");
  if (isStream) startEvents(response);
  else answerResult(received, response);
};

/** Of the era of sessions, and of the stateless one. */
function openStreams(url: string, token: string): Promise<readonly Response[]> {
  const stateless = { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" };
  return Promise.all([
    callGateway(url, { token, method: "GET", headers: { "mcp-protocol-version": "2025-11-25" } }),
    callGateway(url, { token, message: LISTEN, headers: stateless }),
  ]);
}

/** When each ended, which it must in good order, or this throws. */
function endings(streams: readonly Response[]): Promise<readonly number[]> {
  return Promise.all(
    streams.map(async (stream) => {
      await stream.text();
      return Date.now();
    }),
  );
}

type AuditRecord = Awaited<ReturnType<RevocableCrossgate["search"]>>[number];

/** Records come some seconds after what they are of. */
function findRecord(
  running: RevocableCrossgate,
  members: Parameters<RevocableCrossgate["search"]>[0],
  isIt: (record: AuditRecord) => boolean = () => true,
): Promise<AuditRecord> {
  return eventually(`a record of ${JSON.stringify(members)}`, async () => (await running.search(members)).find(isIt));
}

interface Cut {
  readonly running: RevocableCrossgate;
  readonly sub: string;
  readonly cutOff: () => Promise<void>;
}

/** Opens both streams, has the access cut off, and sees it end at every place, with a correlation id and a record. */
async function seeItEnd({ running, sub, cutOff }: Cut): Promise<void> {
  const token = await running.tokenOf(sub);
  const streams = await openStreams(running.server, token);
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  const ended = endings(streams);
  await findRecord(running, { type: "redemption", subject: sub });
  await cutOff();
  const cutAt = Date.now();

  const refused = await running.signIn(sub);
  expect(refused).toMatchObject({ status: 400, error: "invalid_grant", correlationId: expect.stringMatching(/./) });
  for (const endedAt of await ended) expect(endedAt - cutAt).toBeLessThan(STREAM_MILLISECONDS + SLACK_MILLISECONDS);
  const next = await callGateway(running.server, { token, message: LIST });
  expect([next.status, next.headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("invalid_token")]);
  const correlationId = next.headers.get("crossgate-correlation-id");
  await findRecord(running, { reason: "token_revoked" }, ({ correlation_id: id }) => id === correlationId);
  await findRecord(running, { reason: "revoked" }, ({ correlation_id: id }) => id === refused.correlationId);
}

describe("an access that is cut off, over HTTP", () => {
  it("by an order on the command line, and by its provider's signal: streams end, calls and redemptions are refused, and the record says by whom [GW-11, SSF-01]", async () => {
    const running = await startRevocableCrossgate({ idp: { signals: {} }, resource: RESOURCE, script: followed });
    try {
      await seeItEnd({
        running,
        sub: "user-ada",
        cutOff: async () => {
          const { code } = await running.run("revoke", "subject", IDP, "user-ada", "--reason", "INC-7", "--yes");
          expect(code).toBe(0);
        },
      });
      const order = await findRecord(running, { type: "revocation", reason: "INC-7" });
      expect(order).toMatchObject({ subject: "user-ada", operation: "block", count: 1, admin: expect.any(String) });

      await seeItEnd({
        running,
        sub: "user-bob",
        cutOff: async () => expect(await running.push("session-revoked", "user-bob")).toBe(202),
      });
      const signal = await findRecord(running, { type: "revocation", subject: "user-bob" });
      expect(signal).toMatchObject({ issuer: IDP, operation: "session-revoked", decision: "done", count: 1 });
      expect(signal).toHaveProperty("key_id");
    } finally {
      await running.stop();
    }
  });
});
