import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PresentedResult } from "../../src/approval/approval.ts";
import type { ApprovalDesk } from "../../durable-objects/approval-desk.ts";
import { auditEventSchema } from "../../src/audit/audit-event.ts";
import { LIMITS } from "../../src/limits.ts";
import { BOSS, deskOf, makeDecision, makePresented, newOrganization, subjectAt } from "../support/approvals.ts";
import { deployedRows } from "../support/ledgers.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.now() }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function advance(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

function idOf(result: PresentedResult): string {
  if ("id" in result) return result.id;
  throw new TypeError(result.outcome);
}

async function ask(organization: string, changes: Parameters<typeof makePresented>[1] = {}): Promise<PresentedResult> {
  return deskOf(organization).present(makePresented(organization, changes));
}

/** The records of one organization's approvals, in the order of ledgers and not of time. */
async function recorded(organization: string): Promise<readonly string[]> {
  await runDurableObjectAlarm(deskOf(organization));
  const events = (await deployedRows()).filter(({ event }) => event.includes(organization));
  return events.map(({ event }) => auditEventSchema.parse(JSON.parse(event)).action ?? "").toSorted();
}

describe("a call that is held", () => {
  it("waits, is approved, and goes through once", async () => {
    const organization = newOrganization();
    const asked = await ask(organization);
    expect(asked.outcome).toBe("pending");
    expect(await ask(organization)).toEqual(asked);
    expect(await deskOf(organization).decide(makeDecision(idOf(asked)))).toBe("decided");
    expect(await ask(organization)).toMatchObject({ outcome: "consumed", id: idOf(asked) });
    const next = await ask(organization);
    expect([next.outcome, idOf(next) === idOf(asked)]).toEqual(["pending", false]);
    expect(await recorded(organization)).toEqual(["approved", "asked", "asked", "consumed"]);
  });

  it("goes through once of 100 that come at once for one approval", async () => {
    const organization = newOrganization();
    await deskOf(organization).decide(makeDecision(idOf(await ask(organization))));
    const results = await Promise.all(Array.from({ length: 100 }, () => ask(organization)));
    expect(results.filter(({ outcome }) => outcome === "consumed")).toHaveLength(1);
    expect(results.filter(({ outcome }) => outcome === "pending")).toHaveLength(99);
  });

  it("may be tried again by the attempt that went through, whose answer may have been lost", async () => {
    const organization = newOrganization();
    const attemptId = crypto.randomUUID();
    await deskOf(organization).decide(makeDecision(idOf(await ask(organization))));
    expect((await ask(organization, { attemptId })).outcome).toBe("consumed");
    expect((await ask(organization, { attemptId })).outcome).toBe("consumed");
    expect((await ask(organization)).outcome).toBe("pending");
  });

  it.each([
    ["an eviction", (organization: string) => evictDurableObject(deskOf(organization))],
    ["a crash", () => abortAllDurableObjects()],
  ])("stands where it stood after %s", async (_name, lose) => {
    const organization = newOrganization();
    const asked = await ask(organization);
    await lose(organization);
    expect(await ask(organization)).toEqual(asked);
    await deskOf(organization).decide(makeDecision(idOf(asked)));
    await lose(organization);
    expect((await ask(organization)).outcome).toBe("consumed");
    await lose(organization);
    expect((await ask(organization)).outcome).toBe("pending");
  });

  it("may be asked about, which uses nothing up", async () => {
    const organization = newOrganization();
    const asked = await ask(organization, { usesUp: false });
    expect(asked.outcome).toBe("pending");
    await deskOf(organization).decide(makeDecision(idOf(asked)));
    expect(await ask(organization, { usesUp: false })).toMatchObject({ outcome: "approved", id: idOf(asked) });
    expect((await ask(organization, { usesUp: false })).outcome).toBe("approved");
    expect((await ask(organization)).outcome).toBe("consumed");
    expect((await ask(organization, { usesUp: false })).outcome).toBe("pending");
  });

  it("is another with another key", async () => {
    const organization = newOrganization();
    await deskOf(organization).decide(makeDecision(idOf(await ask(organization, { key: "one" }))));
    expect((await ask(organization, { key: "another" })).outcome).toBe("pending");
    expect((await ask(organization, { key: "one" })).outcome).toBe("consumed");
  });

  it("that was denied stays so for as long as it would have waited", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization, { expiresInSeconds: 60 }));
    await deskOf(organization).decide(makeDecision(id, { verdict: "denied" }));
    expect(await ask(organization)).toMatchObject({ outcome: "denied", id });
    advance(59);
    expect((await ask(organization)).outcome).toBe("denied");
    advance(1);
    expect((await ask(organization)).outcome).toBe("pending");
  });

  it("expires undecided, and an approval unused", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization, { expiresInSeconds: 60 }));
    advance(60);
    expect(await deskOf(organization).decide(makeDecision(id))).toBe("over");
    expect(await deskOf(organization).find(id)).toMatchObject({ state: "expired" });
    const next = idOf(await ask(organization, { expiresInSeconds: 60 }));
    advance(59);
    await deskOf(organization).decide(makeDecision(next));
    advance(60);
    expect((await ask(organization)).outcome).toBe("pending");
    expect(await recorded(organization)).toEqual(["approved", "asked", "asked", "asked", "expired", "expired"]);
  });

  it("is forgotten after a while, whatever became of it", async () => {
    const organization = newOrganization();
    const ids = [];
    for (const verdict of ["approved", "denied", null] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const id = idOf(await ask(organization, { key: String(verdict) }));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (verdict !== null) await deskOf(organization).decide(makeDecision(id, { verdict }));
      ids.push(id);
    }
    for (let round = 0; round < 3; round += 1) {
      advance(LIMITS.approvalMaximumSeconds + LIMITS.approvalRetentionSeconds);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await runDurableObjectAlarm(deskOf(organization));
    }
    const found = await Promise.all(ids.map((id) => deskOf(organization).find(id)));
    expect(found).toEqual([null, null, null]);
    expect(await runDurableObjectAlarm(deskOf(organization))).toBe(false);
  });

  it("keeps what was sealed for its approver no longer than he can decide", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization, { call: { sealedCall: "sealed" } }));
    await deskOf(organization).decide(makeDecision(id));
    await ask(organization);
    expect((await deskOf(organization).find(id))?.call.sealedCall).toBeNull();
    const unused = idOf(await ask(organization, { call: { sealedCall: "sealed" } }));
    advance(300);
    await runDurableObjectAlarm(deskOf(organization));
    expect((await deskOf(organization).find(unused))?.call.sealedCall).toBeNull();
  });
});

describe("a decision", () => {
  it("is made once: neither turned round nor made by another after that", async () => {
    const organization = newOrganization();
    const desk = deskOf(organization);
    const id = idOf(await ask(organization));
    expect(await desk.decide(makeDecision(id, { verdict: "denied" }))).toBe("decided");
    expect(await desk.decide(makeDecision(id, { verdict: "denied" }))).toBe("decided");
    expect(await desk.decide(makeDecision(id))).toBe("over");
    const other = { ...BOSS, name: "another boss" };
    expect(await desk.decide(makeDecision(id, { verdict: "denied", approver: other }))).toBe("over");
    expect((await ask(organization)).outcome).toBe("denied");
  });

  it("may be rehearsed, which decides nothing", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization));
    expect(await deskOf(organization).decide(makeDecision(id, { dryRun: true }))).toBe("decided");
    expect((await ask(organization)).outcome).toBe("pending");
    expect(await recorded(organization)).toEqual(["asked"]);
  });

  it.each([
    ["by who asked", { ...BOSS, subjects: [subjectAt("boss"), subjectAt("ada")] }, "own_request"],
    ["by nobody whom the rule names", { ...BOSS, groups: [] }, "not_an_approver"],
    ["by who does not say who he is", { ...BOSS, subjects: [] }, "unidentified"],
  ] as const)("is not made %s", async (_who, approver, obstacle) => {
    const organization = newOrganization();
    const id = idOf(await ask(organization));
    for (const verdict of ["approved", "denied"] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await deskOf(organization).decide(makeDecision(id, { approver, verdict }))).toBe(obstacle);
    }
    expect((await ask(organization)).outcome).toBe("pending");
  });

  it("is not made by whom the directory knows for the requester", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization));
    expect(await deskOf(organization).decide(makeDecision(id, { isRequester: true }))).toBe("own_request");
    expect((await ask(organization)).outcome).toBe("pending");
  });

  it("is about what is there", async () => {
    const organization = newOrganization();
    expect(await deskOf(organization).decide(makeDecision(`${organization}~AAAAAAAAAAAAAAAAAAAAAA`))).toBe("unknown");
  });

  it("does not revive what was used", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization));
    await deskOf(organization).decide(makeDecision(id));
    await ask(organization);
    expect(await deskOf(organization).decide(makeDecision(id))).toBe("over");
    expect((await ask(organization)).outcome).toBe("pending");
  });
});

describe("the desk", () => {
  it("lists what waits, the oldest first, and nothing else", async () => {
    const organization = newOrganization();
    const ids = [];
    for (const key of ["one", "two", "three"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      ids.push(idOf(await ask(organization, { key })));
      advance(1);
    }
    await deskOf(organization).decide(makeDecision(ids[1] ?? ""));
    expect((await deskOf(organization).list()).map(({ id }) => id)).toEqual([ids[0], ids[2]]);
    advance(300);
    expect(await deskOf(organization).list()).toEqual([]);
  });

  it("holds so many of one person, who waits for nobody else's, and so many in all", async () => {
    const organization = newOrganization();
    const results = await Promise.all(
      Array.from({ length: LIMITS.approvalsPerPrincipal + 5 }, (_, at) => ask(organization, { key: `key-${at}` })),
    );
    expect(results.filter(({ outcome }) => outcome === "full")).toHaveLength(5);
    expect((await ask(organization, { key: "bob", call: { principal: "usr_bob" } })).outcome).toBe("pending");
    expect((await ask(organization, { key: "key-0" })).outcome).toBe("pending");
    const people = Math.ceil(LIMITS.approvalsPerOrganization / LIMITS.approvalsPerPrincipal);
    const flood = Array.from({ length: people * LIMITS.approvalsPerPrincipal }, (_, at) =>
      ask(organization, { key: `flood-${at}`, call: { principal: `usr_${at % people}` } }),
    );
    const flooded = (await Promise.all(flood)).filter(({ outcome }) => outcome === "pending");
    expect(flooded).toHaveLength(LIMITS.approvalsPerOrganization - LIMITS.approvalsPerPrincipal - 1);
    advance(300);
    expect((await ask(organization, { key: "later" })).outcome).toBe("pending");
  });

  it("keeps a record until the ledger has it, and decides nothing new when too many wait", async () => {
    const organization = newOrganization();
    await ask(organization);
    await recorded(organization);
    const waiting = await runInDurableObject<ApprovalDesk, number>(deskOf(organization), (_desk, { storage }) => {
      const left = [...storage.sql.exec("SELECT * FROM event")].length;
      storage.sql.exec(
        `WITH RECURSIVE many (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM many WHERE number < ?)
         INSERT INTO event (event) SELECT '{}' FROM many`,
        LIMITS.approvalEvents,
      );
      return left;
    });
    expect(waiting).toBe(0);
    expect((await ask(organization, { key: "another" })).outcome).toBe("backlogged");
    expect(await deskOf(organization).decide(makeDecision((await deskOf(organization).list())[0]?.id ?? ""))).toBe(
      "backlogged",
    );
  });

  it("names people in its records as the deployment does, and no argument", async () => {
    const organization = newOrganization();
    const id = idOf(await ask(organization, { call: { argumentNames: ["secret-name"], sealedCall: "sealed" } }));
    await deskOf(organization).decide(makeDecision(id));
    await recorded(organization);
    const rows = (await deployedRows()).map(({ event }) => event).filter((event) => event.includes(organization));
    const events = rows.map((event) => auditEventSchema.parse(JSON.parse(event)));
    expect(events.find(({ action }) => action === "approved")).toMatchObject({
      type: "approval",
      decision: "granted",
      approval_id: id,
      admin: "boss",
      subject: "ada",
      target: "pay",
      organization,
      principal: "usr_ada",
      policy_rules: ["held"],
    });
    expect(rows.join("")).not.toMatch(/secret-name|sealed/);
  });
});
