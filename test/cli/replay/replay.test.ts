import { describe, expect, it } from "vitest";
import { describeReplay } from "../../../cli/replay/describe-replay.ts";
import { runReplay } from "../../../cli/replay/run-replay.ts";
import { makeAuditEvent } from "../../../src/audit/audit-event.ts";
import { DETAILS_TYPES } from "../../support/details.ts";
import {
  clientDocument,
  denyRule,
  IDP,
  permitRule,
  policyDocument,
  RESOURCE,
  resourceDocument,
} from "../../support/documents.ts";
import { acmeFiles, DEPLOYMENT, type Files, policyWith, ruleWith, stored } from "../acme-fixture.ts";
import { storeOver } from "../../../cli/explain/trust-texts.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const READ = "files:read";

const JUDGED = {
  groups: [] as string[],
  other_groups: false,
  email_domain: null,
  acr: null,
  amr: [],
  auth_time: null,
  proved_key: false,
};

/** A record as the Worker writes it: ada read files an hour ago. */
function record(overrides: object = {}) {
  const trace = { correlationId: "c-1", traceId: null, receivedAtMilliseconds: NOW - 3_600_000, ray: null, colo: null };
  return makeAuditEvent("e-1", trace, {
    type: "redemption",
    decision: "granted",
    organization: "acme",
    issuer: IDP,
    subject: "ada",
    client_id: "agent",
    resource: RESOURCE,
    scope_asserted: READ,
    scope_granted: READ,
    policy_rules: ["agent-reads-files"],
    judged: JUDGED,
    ...overrides,
  });
}

const refused = (overrides: object = {}) =>
  record({
    decision: "refused",
    reason: "policy_no_rule",
    check: "policy",
    scope_granted: null,
    policy_rules: [],
    ...overrides,
  });

interface World {
  readonly events: readonly object[];
  readonly inForce?: Files;
  readonly tried: Files;
}

async function replayed({ events, inForce = {}, tried }: World) {
  const rows = events.map((event, at) => ({
    id: `e-${at}`,
    time: "2026-11-21T11:00:00.000Z",
    event: JSON.stringify(event),
  }));
  const backend = {
    name: "the deployment",
    readDocuments: async () => stored(acmeFiles(inForce)),
    query: async () => rows,
  };
  const documents = stored(acmeFiles(tried));
  return runReplay(backend, { days: 30, nowMilliseconds: NOW, documents, rules: DEPLOYMENT.rules });
}

async function revisionOf(files: Files): Promise<string> {
  const store = storeOver(stored(acmeFiles(files)), DEPLOYMENT.rules);
  return (await store.find("policy", "acme"))?.revision ?? "";
}

describe("recorded decisions, made again", () => {
  const PAYING: Files = {
    "resource/files.json": resourceDocument({ authorization_details_types: DETAILS_TYPES }),
    ...ruleWith({ authorization_details_types: ["payment"] }),
  };

  it("flip where a rule grants the authorization_details no more, or the server knows them no more", async () => {
    const paid = record({ authorization_details_types: ["payment"] });
    expect(await replayed({ events: [paid], tried: PAYING })).toMatchObject({ replayed: 1, flips: [] });
    const unpaid = { ...PAYING, ...ruleWith({ authorization_details_types: ["https://example.com/folder"] }) };
    expect((await replayed({ events: [paid], tried: unpaid })).flips).toMatchObject([
      {
        was: `granted ${READ}, with authorization_details of payment`,
        is: "refused: authorization_details_not_permitted",
      },
    ]);
    expect((await replayed({ events: [paid], tried: {} })).flips).toMatchObject([
      { is: "refused: authorization_details_type_unknown" },
    ]);
  });

  it("are not made again where the record does not say which authorization_details were refused", async () => {
    const events = [refused({ reason: "authorization_details_not_permitted" })];
    expect(await replayed({ events, tried: PAYING })).toMatchObject({
      replayed: 0,
      not_replayed: {
        "the record does not say which authorization_details were asked for, only which were granted": 1,
      },
    });
  });

  it("come out as they did under the same documents", async () => {
    expect(await replayed({ events: [record(), record({ scope_requested: READ })], tried: {} })).toMatchObject({
      recorded: 2,
      replayed: 2,
      flips: [],
      not_replayed: {},
    });
  });

  it.each<[string, object, Files, string, string]>([
    [
      "a grant that a deny now forbids",
      record(),
      policyWith(permitRule(), denyRule({ subjects: ["ada"] })),
      `granted ${READ}`,
      "refused: policy_denied",
    ],
    ["a grant that no rule makes any more", record(), policyWith(), `granted ${READ}`, "refused: policy_no_rule"],
    [
      "a grant whose scope is gone",
      record(),
      ruleWith({ scopes: ["files:write"] }),
      `granted ${READ}`,
      "refused: policy_scope",
    ],
    [
      "a grant that is now narrower",
      record({ scope_asserted: "files:read files:write", scope_granted: "files:read files:write" }),
      ruleWith({ scopes: [READ] }),
      "granted files:read files:write",
      `granted ${READ}`,
    ],
    [
      "a grant to a client that is disabled",
      record(),
      { "client/agent.json": clientDocument({ enabled: false }) },
      `granted ${READ}`,
      "refused: client_disabled",
    ],
    [
      "a grant to a client that is gone",
      record(),
      { "client/agent.json": null },
      `granted ${READ}`,
      "refused: client_unknown",
    ],
    [
      "a grant by a policy that is gone",
      record(),
      { "policy/acme.json": null },
      `granted ${READ}`,
      "refused: policy_absent",
    ],
    [
      "a grant that now takes a key",
      record(),
      ruleWith({ dpop_required: true }),
      `granted ${READ}`,
      "refused: proof_missing",
    ],
    [
      "a grant that now takes a better sign-in",
      record(),
      ruleWith({ acr: ["gold"] }),
      `granted ${READ}`,
      "refused: authentication_insufficient",
    ],
    ["a refusal that a rule now permits", refused(), {}, "refused: policy_no_rule", `granted ${READ}`],
    [
      "a grant outside of the time that a rule now states",
      record(),
      ruleWith({ not_before: "2026-11-21T11:30:00Z" }),
      `granted ${READ}`,
      "refused: policy_no_rule",
    ],
  ])("flip: %s", async (_what, event, tried, was, is) => {
    expect((await replayed({ events: [event], tried })).flips).toMatchObject([{ was, is, subject: "ada", count: 1 }]);
  });

  it("do not flip from one refusal to another", async () => {
    const tried = policyWith(denyRule());
    expect(await replayed({ events: [refused()], tried })).toMatchObject({ replayed: 1, flips: [] });
  });

  it("are judged as of their own time", async () => {
    const tried = ruleWith({ not_after: "2026-11-21T11:30:00Z" });
    expect((await replayed({ events: [record()], tried })).flips).toEqual([]);
  });

  it("that flip alike are told once, and counted", async () => {
    const report = await replayed({ events: [record(), record(), record({ subject: "bob" })], tried: policyWith() });
    expect(report.flips.map(({ subject, count }) => [subject, count])).toEqual([
      ["ada", 2],
      ["bob", 1],
    ]);
    expect(describeReplay(report)).toContain(`FLIPS    acme: ada by agent at ${RESOURCE}, 2 times
           was granted files:read (agent-reads-files)
           is  refused: policy_no_rule
           last at 2026-11-21T11:00:00.000Z: npx crossgate explain c-1
`);
    expect(describeReplay(report)).toContain("3 decisions of 30 days in the deployment: 3 made again, 3 would flip");
  });
});

describe("a decision that cannot be made again", () => {
  async function whyNot(world: World): Promise<readonly string[]> {
    const { not_replayed, replayed: made } = await replayed(world);
    expect(made + Object.values(not_replayed).reduce((sum, count) => sum + count, 0)).toBe(world.events.length);
    return Object.keys(not_replayed);
  }

  it("is one in which no document had a say", async () => {
    const events = [refused({ reason: "signature_invalid", check: "signature", judged: null })];
    expect(await whyNot({ events, tried: {} })).toEqual([expect.stringContaining("no policy decides")]);
  });

  it("is one that ended before policy, or is of an older version", async () => {
    const events = [refused({ reason: "scope_empty", check: "scope", judged: null }), record({ judged: null })];
    expect(await whyNot({ events, tried: {} })).toEqual([expect.stringContaining("older version")]);
  });

  it("is one of hashed subjects under a rule that selects on them, and no other", async () => {
    const events = [record({ subject: "hmac-sha256:abc" })];
    expect(await whyNot({ events, tried: ruleWith({ subjects: ["ada"] }) })).toEqual([
      expect.stringContaining("hashed"),
    ]);
    expect(await whyNot({ events, tried: ruleWith({ condition: 'subject != "eve"' }) })).toEqual([
      expect.stringContaining("hashed"),
    ]);
    expect(await whyNot({ events, tried: {} })).toEqual([]);
  });

  const elsewhere = { groups: ["staff"], other_groups: true };

  it("is one under a rule that names groups that nobody asked about then", async () => {
    const events = [record({ judged: { ...JUDGED, ...elsewhere } })];
    expect(await whyNot({ events, tried: ruleWith({ groups: ["interns"] }) })).toEqual([
      expect.stringContaining("did not ask about"),
    ]);
    expect(await whyNot({ events, tried: ruleWith({ groups: ["staff"] }) })).toEqual([]);
    expect(await whyNot({ events, tried: ruleWith({ condition: '"interns" in groups' }) })).toEqual([
      expect.stringContaining("expression"),
    ]);
  });

  // Who has no group that the record leaves out, has none that a new rule might name.
  it("is not one whose groups are all in the record", async () => {
    const events = [record({ judged: { ...JUDGED, groups: ["staff"] } })];
    const { flips } = await replayed({ events, tried: ruleWith({ groups: ["interns"] }) });
    expect(flips).toMatchObject([{ is: "refused: policy_no_rule" }]);
  });

  it("is not one whose policy is still in force and asked about those groups", async () => {
    const inForce = ruleWith({ groups: ["staff", "interns"] });
    const policy_revision = await revisionOf(inForce);
    const events = [record({ judged: { ...JUDGED, ...elsewhere }, policy_revision })];
    const { flips, replayed: made } = await replayed({ events, inForce, tried: ruleWith({ groups: ["interns"] }) });
    expect({ made, flips }).toMatchObject({ made: 1, flips: [{ is: "refused: policy_no_rule" }] });
    expect(await whyNot({ events, inForce, tried: ruleWith({ groups: ["others"] }) })).toHaveLength(1);
  });

  it("is not one whose rules about groups are for another server", async () => {
    const events = [record({ judged: { ...JUDGED, ...elsewhere } })];
    const other = permitRule({ id: "other", resources: ["https://crossgate.example/other"], groups: ["x"] });
    expect(await whyNot({ events, tried: policyWith(permitRule(), other) })).toEqual([]);
  });
});

describe("the index", () => {
  it("is read page by page, each after the last of the one before", async () => {
    const asked: string[] = [];
    const page = (from: number, length: number) =>
      Array.from({ length }, (_none, at) => ({
        id: `e-${from + at}`,
        time: "2026-11-20T00:00:00.000Z",
        event: JSON.stringify(record()),
      }));
    const query = async (sql: string) => {
      asked.push(sql);
      return asked.length === 1 ? page(0, 2000) : page(2000, 3);
    };
    const backend = { name: "x", query, readDocuments: async () => stored(acmeFiles({})) };
    const documents = stored(acmeFiles({ "policy/acme.json": policyDocument() }));
    const report = await runReplay(backend, { days: 1, nowMilliseconds: NOW, documents, rules: DEPLOYMENT.rules });
    expect(report).toMatchObject({ recorded: 2003, is_complete: true });
    expect(asked[0]).toContain("time > '2026-11-20T12:00:00.000Z'");
    expect(asked[1]).toContain("id > 'e-1999'");
  });

  it("may hold what this version cannot read", async () => {
    const report = await replayed({ events: [{ version: 9 }, record()], tried: {} });
    expect(report).toMatchObject({ unreadable: 1, recorded: 1 });
    expect(describeReplay(report)).toContain("not made again: 1: the record is of another version");
  });
});
