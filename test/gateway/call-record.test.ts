import { beforeEach, describe, expect, it } from "vitest";
import { type AuditEvent, auditEventSchema } from "../../src/audit/audit-event.ts";
import { Recorder } from "../../src/audit/recorder.ts";
import { SubjectNames } from "../../src/audit/subject-names.ts";
import { account, type Call } from "../../src/gateway/call-record.ts";
import { IDP, RESOURCE } from "../support/documents.ts";
import { makeAccessToken, makeMessage } from "../support/caller.ts";
import { makeResource } from "../support/redemption.ts";

let events: AuditEvent[];
let counted: unknown[];
let recorder: Recorder;

beforeEach(() => {
  events = [];
  counted = [];
  recorder = new Recorder({
    names: new SubjectNames("plain", ""),
    write: async (_id, serialized) => void events.push(auditEventSchema.parse(JSON.parse(serialized))),
    waitUntil: () => undefined,
    counters: { writeDataPoint: (point) => void counted.push(point) },
  });
});

const CALLER = makeAccessToken({
  tokenId: "token-1",
  principal: "usr_ada",
  subject: { issuer: IDP, sub: "ada", tenant: "t-1" },
  clientId: "agent",
  organization: "acme",
  actor: "robot",
  scope: new Set(["b", "a"]),
  expiresAtSeconds: 1_800_000_000,
  confirmedKey: null,
});

function makeCall(changes: Partial<Call> = {}): Call {
  return {
    request: new Request(RESOURCE, { method: "POST" }),
    resource: makeResource(),
    resourceRevision: "revision-1",
    trace: {
      correlationId: "correlation-1",
      traceId: "0".repeat(32),
      spanId: "2".repeat(16),
      traceFlags: null,
      receivedAtMilliseconds: 0,
      ray: null,
      colo: null,
    },
    origin: null,
    caller: CALLER,
    message: makeMessage(),
    policyRevision: "policy-1",
    policyRules: ["agents-echo"],
    obligations: [],
    sessionTakesUrls: false,
    hasBeenHeld: false,
    approvalId: null,
    upstreamStatus: 200,
    credential: null,
    guardrails: [],
    member: null,
    ...changes,
  };
}

describe("the record of a call", () => {
  it("says who called what with which token, what was decided, and what came of it", () => {
    account(makeCall(), null, recorder);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: "gateway_call",
      decision: "granted",
      reason: null,
      correlation_id: "correlation-1",
      organization: "acme",
      issuer: IDP,
      tenant: "t-1",
      subject: "ada",
      principal: "usr_ada",
      actor: "robot",
      client_id: "agent",
      scope_granted: "a b",
      token_id: "token-1",
      token_expires_at: 1_800_000_000,
      bound_to_key: false,
      resource: RESOURCE,
      resource_revision: "revision-1",
      method: "tools/call",
      target: "echo",
      upstream_status: 200,
    });
  });

  it.each([
    ["scope_insufficient", "refused"],
    ["token_expired", "refused"],
    ["message_malformed", "refused"],
    ["upstream_unreachable", "failed"],
    ["ledger_unavailable", "failed"],
    ["fault", "failed"],
  ] as const)("of %s is: %s", (outcome, decision) => {
    account(makeCall(), outcome, recorder);
    expect(events[0]).toMatchObject({ decision, reason: outcome });
  });

  it.each([
    ["the HTTP method where there was no message", { message: null, request: new Request(RESOURCE) }, "GET"],
    ["that it was an answer", { message: makeMessage({ kind: "response", method: "", target: null }) }, "(response)"],
  ] as const)("names %s", (_name, changes, method) => {
    account(makeCall(changes), null, recorder);
    expect(events[0]).toMatchObject({ method, target: null });
  });

  it("says that a token is bound, and not to which key", () => {
    account(makeCall({ caller: { ...CALLER, confirmedKey: "thumbprint-1" } }), null, recorder);
    expect(events[0]?.bound_to_key).toBe(true);
    expect(JSON.stringify(events)).not.toContain("thumbprint-1");
  });
});

describe("junk", () => {
  it("is counted and not recorded: nobody may fill our records at his pleasure", () => {
    account(makeCall({ caller: null }), "token_malformed", recorder);
    expect(events).toEqual([]);
    expect(counted).toEqual([{ indexes: ["token_malformed"], blobs: ["gateway"], doubles: [1] }]);
  });
});
