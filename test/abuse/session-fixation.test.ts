import { describe, expect, it } from "vitest";
import { Sessions } from "../../src/gateway/session.ts";
import { CROSSGATE, RESOURCE } from "../support/documents.ts";
import { type CallChanges, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

const PAYROLL = `${CROSSGATE}/mcp/payroll`;
const INITIALIZE = { jsonrpc: "2.0", id: 1, method: "initialize", params: {} };

/** An upstream of the era of sessions, as trusting as they come: it does whatever a session's name says. */
function stubTrustingUpstream() {
  let opened = 0;
  return stubUpstream(({ body }) => {
    const headers = new Headers({ "content-type": "application/json" });
    if (body?.includes('"initialize"') === true) headers.set("mcp-session-id", `upstream-${(opened += 1)}`);
    return new Response('{"jsonrpc":"2.0","id":1,"result":{}}', { headers });
  });
}

interface Stage {
  readonly gateway: TestGateway;
  /** Ada's, as the gateway gave it to her. */
  readonly sessionId: string;
}

async function openSession(): Promise<Stage & { readonly sent: () => number }> {
  const upstream = stubTrustingUpstream();
  const gateway = await TestGateway.start({ resources: [{}, { resource: PAYROLL }] });
  const sessionId = (await gateway.call({ message: INITIALIZE })).headers.get("mcp-session-id") ?? "";
  return { gateway, sessionId, sent: () => upstream.sent.length };
}

const withSession = (sessionId: string): CallChanges => ({ headers: { "mcp-session-id": sessionId } });

const ATTACKS: readonly [name: string, attack: (stage: Stage) => CallChanges | Promise<CallChanges>][] = [
  [
    "Bob uses Ada's",
    async ({ gateway, sessionId }) => ({ ...withSession(sessionId), token: await gateway.token({ sub: "usr_bob" }) }),
  ],
  [
    "Ada's other client uses it",
    async ({ gateway, sessionId }) => ({
      ...withSession(sessionId),
      token: await gateway.token({ client_id: "other" }),
    }),
  ],
  [
    "Ada uses it at another server",
    async ({ gateway, sessionId }) => ({
      ...withSession(sessionId),
      url: PAYROLL,
      token: await gateway.token({ aud: PAYROLL }),
    }),
  ],
  [
    "Bob ends Ada's",
    async ({ gateway, sessionId }) => ({
      ...withSession(sessionId),
      method: "DELETE",
      token: await gateway.token({ sub: "usr_bob" }),
    }),
  ],
  [
    "Bob listens to Ada's",
    async ({ gateway, sessionId }) => ({
      ...withSession(sessionId),
      method: "GET",
      token: await gateway.token({ sub: "usr_bob" }),
    }),
  ],
  [
    "Bob resumes Ada's stream",
    async ({ gateway, sessionId }) => ({
      method: "GET",
      headers: { "mcp-session-id": sessionId, "last-event-id": "1" },
      token: await gateway.token({ sub: "usr_bob" }),
    }),
  ],
  ["the upstream's own id, without our word for it", ({ sessionId }) => withSession(sessionId.split(".")[0] ?? "")],
  ["an invented id", () => withSession("d2f0c1f4-6d0b-4a27-9a3c-1f4f5f7c2b11")],
  ["an invented id with an invented MAC", () => withSession(`upstream-1.${"A".repeat(43)}`)],
  [
    "another session's name with this one's MAC",
    ({ sessionId }) => withSession(sessionId.replace("upstream-1", "upstream-2")),
  ],
  ["a longer name with this one's MAC", ({ sessionId }) => withSession(`x${sessionId}`)],
  ["two at once", ({ sessionId }) => withSession(`${sessionId}, ${sessionId}`)],
  ["an id chosen for a session yet to be opened", () => ({ ...withSession("chosen"), message: INITIALIZE })],
  [
    "an id under another secret",
    async () =>
      withSession(
        (await new Sessions("another-secret-of-tests").issue(
          { upstreamId: "upstream-1", takesUrls: false },
          {
            principal: "usr_ada",
            clientId: "agent",
            resource: RESOURCE,
          },
        )) ?? "",
      ),
  ],
];

describe("a session", () => {
  it("works for whom it was opened", async () => {
    const { gateway, sessionId, sent } = await openSession();
    expect((await gateway.call(withSession(sessionId))).status).toBe(200);
    expect(sent()).toBe(2);
  });

  it.each(ATTACKS)("is unknown when %s [CVE-2026-7507] [MCPA-15, MCPL-01]", async (_name, attack) => {
    const stage = await openSession();
    const answered = await stage.gateway.call(await attack(stage));
    expect(answered.status).toBe(404);
    expect(answered.headers.get("mcp-session-id")).toBeNull();
    expect(stage.sent(), "the upstream saw the opening and nothing else").toBe(1);
    expect(reasonsOf(stage.gateway)).toEqual([null, "session_unknown"]);
  });

  it("tells a stranger's id from an invented one in no way", async () => {
    const { gateway, sessionId } = await openSession();
    const token = await gateway.token({ sub: "usr_bob" });
    const [foreign, invented] = await Promise.all(
      [sessionId, "invented"].map((id) => gateway.call({ ...withSession(id), token })),
    );
    expect(foreign?.text).toBe(invented?.text);
  });
});
