import { describe, expect, it } from "vitest";
import { eventsOfIssuer } from "../support/ledgers.ts";
import { registry } from "../support/revocations.ts";
import { push, type SignalChanges, SSF } from "../support/signals.ts";
import { nowInSeconds, Tenant } from "../support/tenant.ts";

const STREAM = { format: "opaque", id: "stream-1" };
const verification = (event: object, claims: object = {}): SignalChanges => ({
  type: `${SSF}verification`,
  event: { ...event },
  claims: { sub_id: STREAM, ...claims },
});
const updated = (event: object, claims: object = {}): SignalChanges => ({
  type: `${SSF}stream-updated`,
  event: { ...event },
  claims: { sub_id: STREAM, ...claims },
});

async function notesOf(tenant: Tenant): Promise<unknown> {
  return (await registry().streamNotes()).filter(({ issuer }) => issuer === tenant.idp.issuer).map(({ note }) => note);
}

// The first of them also waits for the Worker to start.
describe("an event about the stream itself", { timeout: 30_000 }, () => {
  it("that verifies it is on record, and shows the state that was asked for [SSF-04]", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    const at = nowInSeconds() - 5;
    expect((await push(tenant, verification({ state: "asked-by-ops" }, { toe: at }))).status).toBe(202);
    expect(await notesOf(tenant)).toEqual([{ kind: "verification", atMilliseconds: at * 1000, state: "asked-by-ops" }]);
    const [event] = await eventsOfIssuer(tenant.idp.issuer);
    expect(event).toMatchObject({
      type: "signal_stream",
      action: "verified",
      decision: "done",
      key_id: tenant.idp.key.kid,
    });
    expect(JSON.stringify(event)).not.toContain("asked-by-ops");
  });

  it("that pauses it is on record, and no late one undoes it [SSF-04, SSF-06]", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    const at = nowInSeconds() - 50;
    await push(tenant, updated({ status: "paused", reason: "maintenance" }, { toe: at }));
    await push(tenant, updated({ status: "enabled" }, { toe: at - 10 }));
    expect(await notesOf(tenant)).toEqual([
      { kind: "status", atMilliseconds: at * 1000, status: "paused", reason: "maintenance" },
    ]);
    const events = await eventsOfIssuer(tenant.idp.issuer);
    expect(events.map(({ action, reason }) => [action, reason])).toEqual([
      ["updated", "paused"],
      ["updated", "enabled"],
    ]);
  });

  it.each([{}, { status: "on" }, { status: 1 }])("that says no status is refused: %j", async (event) => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    expect(await push(tenant, updated(event))).toEqual({ status: 400, err: "invalid_request" });
    expect(await notesOf(tenant)).toEqual([]);
  });

  it("shows no text that nobody would read, and is taken all the same", async () => {
    const tenant = await Tenant.settle({ idp: { signals: {} } });
    expect((await push(tenant, verification({ state: "x".repeat(201) }))).status).toBe(202);
    expect(await notesOf(tenant)).toMatchObject([{ kind: "verification", state: null }]);
  });
});
