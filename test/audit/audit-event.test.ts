import { describe, expect, it } from "vitest";
import { type AuditEvent, auditEventSchema, makeAuditEvent, serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { LIMITS } from "../../src/limits.ts";
import { auditFacts } from "../../src/redemption/audit-facts.ts";
import { makeClient, makeIdJag, makeIdp, makeResource } from "../support/redemption.ts";

const TRACE = {
  correlationId: "correlation-1",
  traceId: null,
  receivedAtMilliseconds: Date.UTC(2031, 0, 1),
  ray: null,
  colo: null,
};

function makeEvent(overrides: Partial<AuditEvent> = {}): AuditEvent {
  return makeAuditEvent("event-1", TRACE, { type: "redemption", decision: "granted", ...overrides });
}

describe("an audit event", () => {
  it("names what is not known as null, and spells only what is", () => {
    const event = makeEvent();
    const spelled: unknown = JSON.parse(serializeAuditEvent(event));
    expect(auditEventSchema.parse(spelled)).toEqual(event);
    expect(spelled).toEqual({
      version: 1,
      id: "event-1",
      time: "2031-01-01T00:00:00.000Z",
      type: "redemption",
      decision: "granted",
      correlation_id: "correlation-1",
    });
    expect(Object.keys(event).toSorted()).toEqual(Object.keys(auditEventSchema.shape).toSorted());
    expect(event.time).toBe("2031-01-01T00:00:00.000Z");
  });

  // J05: closed. There is no member for free text, so none for a token, a secret or a claims set to end up in.
  it.each([
    { message: "x" },
    { assertion: "x" },
    { email: "x" },
    { claims: {} },
    { error: "x" },
    { access_token: "x" },
    { headers: {} },
  ])("has no place for %j", (member) => {
    expect(auditEventSchema.safeParse({ ...makeEvent(), ...member }).success).toBe(false);
  });

  it.each<[string, object]>([
    ["another version", { version: 2 }],
    ["no time", { time: "yesterday" }],
    ["an unknown type", { type: "login" }],
    ["an unknown decision", { decision: "maybe" }],
    ["another type's action", { action: "rotated" }],
    ["a type whose deed is not told", { type: "configuration" }],
    ["a number for text", { subject: 7 }],
    ["an object for text", { actor: { sub: "x" } }],
    ["text for a number", { token_expires_at: "1" }],
    ["a giant reason", { reason: "x".repeat(65) }],
    ["a giant subject", { subject: "x".repeat(LIMITS.auditTextCharacters + 1) }],
    ["rules that are no names", { policy_rules: [{}] }],
  ])("with %s is none", (_name, change) => {
    expect(auditEventSchema.safeParse({ ...makeEvent(), ...change }).success).toBe(false);
  });
});

/**
 * A record that the consumer cannot parse goes to the dead letters, and with it all that share its message: whatever
 * redemption may write must fit the schema, at the greatest that its own bounds allow.
 */
describe("the greatest event that redemption can write", () => {
  const token = (at: number) => `s${String(at).padStart(LIMITS.scopeTokenBytes - 1, "x")}`;
  const tokens = Array.from({ length: LIMITS.scopeTokens }, (_, at) => token(at));
  const scope = new Set(tokens);
  const defined = Object.fromEntries(tokens.map((each) => [each, { description: "d" }]));
  const greatest = {
    client: makeClient(),
    idp: makeIdp(),
    idpTenant: "\u20ac".repeat(85),
    organization: "o".repeat(64),
    idJag: makeIdJag({ sub: "\u20ac".repeat(85), assertedScope: scope }),
    resource: makeResource({ scopes: defined }),
    grantedScope: scope,
    policyRules: Array.from({ length: LIMITS.policyRules }, (_, at) => `rule-${at}`.padEnd(64, "x")),
  };

  it.each<[string, string | null]>([
    ["nothing is asked for", null],
    ["all that may be is asked for", [...scope].join(" ")],
    ["more is asked for than is a scope", Array.from({ length: 240 }, (_, at) => token(at)).join(" ")],
    ["anything is asked for", "\u0000 \u20ac ".repeat(5_000)],
    ["one word is asked for, again and again", `${token(0)} `.repeat(5_000)],
  ])("fits the schema, where %s", (_name, requestedScope) => {
    const serialized = serializeAuditEvent(makeEvent(auditFacts({ ...greatest, requestedScope })));
    const parsed = auditEventSchema.safeParse(JSON.parse(serialized));
    expect(parsed.error?.issues).toBeUndefined();
    // Queues take 128 KB a message, and the message spells every quote in it with a backslash.
    expect(JSON.stringify(serialized).length).toBeLessThan(LIMITS.auditMessageBytes);
  });
});

describe("serializing", () => {
  it("keeps all the rules of an event that is small enough", () => {
    const policy_rules = Array.from({ length: 50 }, (_, at) => `rule-${at}`);
    expect(JSON.parse(serializeAuditEvent(makeEvent({ policy_rules })))).toMatchObject({ policy_rules });
  });

  // What is said in full must be what is true: a text that gave way says so by its last character.
  it("lets long texts give way before the record does, and says where", () => {
    const long = "\u20ac".repeat(LIMITS.auditTextCharacters);
    const event = makeEvent({ subject: long, target: long, resource: long, document_path: long, client_id: "agent" });
    const text = serializeAuditEvent(event);
    const parsed = auditEventSchema.parse(JSON.parse(text));
    expect(text.length).toBeLessThanOrEqual(LIMITS.auditEventCharacters);
    expect(parsed).toMatchObject({ id: "event-1", client_id: "agent", decision: "granted" });
    for (const shortened of [parsed.subject, parsed.target, parsed.resource, parsed.document_path]) {
      expect(shortened).toMatch(/^\u20ac+\u2026$/);
    }
  });

  it("lets a long list of rules give way before the record does", () => {
    const policy_rules = Array.from({ length: LIMITS.policyRules }, (_, at) => `rule-${at}`.padEnd(64, "x"));
    const text = serializeAuditEvent(makeEvent({ policy_rules, subject: "user-ada" }));
    expect(text.length).toBeLessThanOrEqual(LIMITS.auditEventCharacters);
    expect(JSON.parse(text)).toMatchObject({ policy_rules: policy_rules.slice(0, 16), subject: "user-ada" });
  });
});
