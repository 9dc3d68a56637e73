import { describe, expect, it, vi } from "vitest";
import { makeAuditEvent, serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { Outage } from "../../src/audit/reason.ts";
import { Recorder } from "../../src/audit/recorder.ts";
import { SubjectNames } from "../../src/audit/subject-names.ts";

const TRACE = {
  correlationId: "correlation-1",
  traceId: null,
  receivedAtMilliseconds: Date.UTC(2031, 0, 1),
  ray: null,
  colo: null,
};
const EVENT = makeAuditEvent("event-1", TRACE, { type: "redemption", decision: "refused" });

function start(write: () => Promise<void>) {
  const [written, counted, background] = [vi.fn(write), vi.fn(), [] as Promise<unknown>[]];
  const recorder = new Recorder({
    names: new SubjectNames("plain", ""),
    write: written,
    waitUntil: (promise) => void background.push(promise),
    counters: { writeDataPoint: counted },
  });
  return { recorder, written, counted, background };
}

describe("a decision", () => {
  it("is written by its id before it is answered", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { recorder, written } = start(() => promise);
    let recorded = false;
    const record = recorder.record(EVENT).then(() => (recorded = true));
    expect(written).toHaveBeenCalledExactlyOnceWith("event-1", serializeAuditEvent(EVENT));
    expect(recorded).toBe(false);
    resolve();
    await record;
    expect(recorded).toBe(true);
  });

  it("that cannot be written is an outage", async () => {
    const { recorder } = start(() => Promise.reject(new Outage("audit_backlog")));
    await expect(recorder.record(EVENT)).rejects.toMatchObject({ reason: "audit_backlog" });
  });
});

describe("a record beside an answer", () => {
  it("keeps the request alive until it is written", async () => {
    const { recorder, background, counted } = start(async () => undefined);
    recorder.recordInBackground(EVENT);
    expect(background).toHaveLength(1);
    await Promise.all(background);
    expect(counted).not.toHaveBeenCalled();
  });

  it("that is lost is counted, and harms nothing else", async () => {
    const { recorder, background, counted } = start(() => Promise.reject(new Outage("ledger_unavailable")));
    recorder.recordInBackground(EVENT);
    await Promise.all(background);
    expect(counted).toHaveBeenCalledExactlyOnceWith({ indexes: ["audit_lost"], blobs: ["gateway"], doubles: [1] });
  });
});

describe("junk", () => {
  it("is counted by its reason, and nothing of it is kept", () => {
    const { recorder, written, counted } = start(async () => undefined);
    recorder.count("token", "client_unknown");
    expect(counted).toHaveBeenCalledExactlyOnceWith({ indexes: ["client_unknown"], blobs: ["token"], doubles: [1] });
    expect(written).not.toHaveBeenCalled();
  });
});
