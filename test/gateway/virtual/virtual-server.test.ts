import { describe, expect, it } from "vitest";
import { callDesk, resultIn, startDesk } from "../../support/desk.ts";
import { reasonsOf } from "../../support/gateway.ts";
import { callOf, DESK, statelessly, stubMembers } from "../../support/members.ts";

const request = (method: string, params: object = {}): object => ({ jsonrpc: "2.0", id: 1, method, params });

const LISTEN = { description: "Follow", methods: ["tools/list", "tools/call", "subscriptions/listen"] };

describe("a virtual server", () => {
  it("says by itself who it is and that it has tools, in both eras, and asks no member [MCPT-19, MCPT-50]", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const initialized = await callDesk(gateway, { message: request("initialize", { protocolVersion: "2025-06-18" }) });
    const about = {
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "Desk", version: "revision-1" },
    };
    expect(resultIn(initialized)).toEqual({ protocolVersion: "2025-06-18", ...about });
    const newer = await callDesk(gateway, { message: request("initialize", { protocolVersion: "2099-01-01" }) });
    expect(resultIn(newer)).toMatchObject({ protocolVersion: "2025-11-25" });
    const discovered = await callDesk(gateway, statelessly("server/discover"));
    expect(resultIn(discovered)).toMatchObject({
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: { listChanged: true } },
      _meta: { "io.modelcontextprotocol/serverInfo": about.serverInfo },
      ttlMs: 60_000,
      cacheScope: "private",
    });
    expect(upstream.sent).toEqual([]);
    expect(gateway.events.map(({ resource, method }) => [resource, method])).toEqual([
      [DESK, "initialize"],
      [DESK, "initialize"],
      [DESK, "server/discover"],
    ]);
  });

  it("is alive, takes notices, and lets a session go", async () => {
    stubMembers();
    const gateway = await startDesk();
    const { headers } = await callDesk(gateway, { message: request("initialize") });
    const inSession = { "mcp-session-id": headers.get("mcp-session-id") ?? "" };
    expect(inSession["mcp-session-id"]).toMatch(/^[\x21-\x7e]{20,}$/);
    const pinged = await callDesk(gateway, { headers: inSession, message: request("ping") });
    expect(resultIn(pinged)).toEqual({});
    const notice = { jsonrpc: "2.0", method: "notifications/initialized" };
    expect((await callDesk(gateway, { headers: inSession, message: notice })).status).toBe(202);
    expect((await callDesk(gateway, { headers: inSession, method: "DELETE" })).status).toBe(204);
  });

  it("remembers with the session how its client takes addresses", async () => {
    stubMembers();
    const { CredentialRefused } = await import("../../../src/credentials/credential-refused.ts");
    const supplyCredential = async (): Promise<never> => {
      throw new CredentialRefused("connection_required");
    };
    const gateway = await startDesk({ overrides: { supplyCredential } });
    const capabilities = { elicitation: { url: {} } };
    const { headers } = await callDesk(gateway, { message: request("initialize", { capabilities }) });
    const inSession = { "mcp-session-id": headers.get("mcp-session-id") ?? "" };
    const asked = await callDesk(gateway, { headers: inSession, message: callOf("payslip") });
    expect(asked.errorCode).toBe(-32_042);
  });

  it("speaks no revision that it does not know [MCPT-07]", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    for (const { message, headers } of [statelessly("tools/list"), statelessly("tools/call", { name: "payslip" })]) {
      const later = JSON.parse(JSON.stringify(message).replace("2026-07-28", "2027-01-01")) as object;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, text } = await callDesk(gateway, {
        message: later,
        headers: { ...headers, "mcp-protocol-version": "2027-01-01" },
      });
      const { error } = JSON.parse(text) as { error: object };
      const data = { supported: ["2026-07-28"], requested: "2027-01-01" };
      expect([status, error]).toEqual([400, expect.objectContaining({ code: -32_022, data })]);
    }
    expect(reasonsOf(gateway)).toEqual(["protocol_version_unsupported", "protocol_version_unsupported"]);
    expect(upstream.sent).toEqual([]);
  });

  it("has no sessions for who speaks without them, whatever a header says [MCPL-05]", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk();
    const listing = statelessly("tools/list");
    const listed = await callDesk(gateway, {
      ...listing,
      headers: { ...listing.headers, "mcp-session-id": "of-nobody", "last-event-id": "of-nobody" },
    });
    expect([listed.status, listed.headers.has("mcp-session-id")]).toEqual([200, false]);
    expect(upstream.everything()).not.toContain("of-nobody");
    const begun = await callDesk(gateway, statelessly("initialize"));
    expect([begun.status, begun.errorCode, begun.headers.has("mcp-session-id")]).toEqual([404, -32_601, false]);
  });

  it("has no subscription to resources, and takes no answers", async () => {
    const upstream = stubMembers();
    const gateway = await startDesk({ desk: { scopes: { "files:read": LISTEN } } });
    for (const notifications of [{ resourceSubscriptions: ["file:///payslip"] }, { resourceSubscriptions: "x" }]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const listening = await callDesk(gateway, statelessly("subscriptions/listen", { notifications }));
      expect([404, 400]).toContain(listening.status);
    }
    expect((await callDesk(gateway, { message: { jsonrpc: "2.0", id: 1, result: {} } })).status).toBe(400);
    expect(upstream.sent).toEqual([]);
  });
});
