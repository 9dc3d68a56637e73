import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { serializeAuditEvent } from "../../src/audit/audit-event.ts";
import { LIMITS } from "../../src/limits.ts";
import { readRecord } from "../../src/sinks/archived-record.ts";
import { otlpMessage, rejectedByOtlp } from "../../src/sinks/otlp.ts";
import { splitBatch } from "../../src/sinks/split-batch.ts";
import { splunkMessage } from "../../src/sinks/splunk.ts";
import { webhookMessage } from "../../src/sinks/webhook.ts";
import { readSinkSecret } from "../../src/sinks/sink-secret.ts";
import { type Sink, sinkSchema } from "../../src/trust/sink.ts";
import { sinkDocument } from "../support/documents.ts";
import { makeEvent, makeRecord } from "../support/sinks.ts";

const SECRET = `whsec_${btoa("a-secret-of-thirty-two-bytes-aaa")}`;
const EVENT = makeEvent({
  organization: "acme",
  reason: "policy_denied",
  decision: "refused",
  trace_id: "a".repeat(32),
});
const RECORD = readRecord(serializeAuditEvent(EVENT), "nowhere");
const BATCH = { id: "msg_1", records: [RECORD], sentAtMilliseconds: Date.now() };

function sink(overrides = {}): Sink {
  return sinkSchema.parse(sinkDocument(overrides));
}

describe("a webhook", () => {
  it("is what the reference library of Standard Webhooks takes, and nothing else of it is", async () => {
    const { headers, body } = await webhookMessage(sink(), BATCH, SECRET);
    const webhook = new Webhook(SECRET);
    expect(webhook.verify(body, headers)).toMatchObject({
      type: "crossgate.audit",
      data: { format: "native", records: [{ id: EVENT.id, decision: "refused" }] },
    });
    expect(() => webhook.verify(body.replace("refused", "granted"), headers)).toThrow("signature");
    expect(() => webhook.verify(body, { ...headers, "webhook-id": "msg_2" })).toThrow("signature");
    expect(() => webhook.verify(body, { ...headers, "webhook-timestamp": "1" })).toThrow("old");
    expect(() => new Webhook(`whsec_${btoa("another-secret-of-thirty-two-byt")}`).verify(body, headers)).toThrow(
      "signature",
    );
  });

  it.each(["whsec_", "whsec_c2hvcnQ=", "no-prefix-at-all-but-long-enough", "whsec_***"])(
    "is not signed with %s",
    async (secret) => {
      await expect(webhookMessage(sink(), BATCH, secret)).rejects.toThrow("secret_malformed");
    },
  );
});

describe("Splunk's collector", () => {
  it("is sent an object for each event, with its own time, and the token in its header alone", () => {
    const { headers, body } = splunkMessage(
      sink({ type: "splunk_hec" }),
      { ...BATCH, records: [RECORD, RECORD] },
      "token",
    );
    const [first, second] = body.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({
      time: Date.parse(EVENT.time) / 1000,
      sourcetype: "crossgate:audit",
      event: { id: EVENT.id },
      fields: { id: EVENT.id },
    });
    expect(second).toEqual(first);
    expect(headers).toMatchObject({ authorization: "Splunk token" });
    expect(body).not.toContain("token");
  });
});

describe("an OpenTelemetry collector", () => {
  it("is sent logs as its protocol spells them in JSON", () => {
    const { headers, body } = otlpMessage(sink({ type: "otlp" }), BATCH, "Bearer token");
    const { resourceLogs } = JSON.parse(body) as { resourceLogs: { scopeLogs: { logRecords: object[] }[] }[] };
    expect(resourceLogs[0]?.scopeLogs[0]?.logRecords).toEqual([
      {
        timeUnixNano: expect.stringMatching(/^\d{19}$/),
        observedTimeUnixNano: expect.stringMatching(/^\d{19}$/),
        severityNumber: 13,
        severityText: "WARN",
        eventName: "crossgate.redemption",
        body: { stringValue: expect.stringContaining(EVENT.id) },
        attributes: [
          { key: "log.record.uid", value: { stringValue: EVENT.id } },
          { key: "crossgate.decision", value: { stringValue: "refused" } },
          { key: "crossgate.reason", value: { stringValue: "policy_denied" } },
          { key: "crossgate.organization", value: { stringValue: "acme" } },
        ],
        traceId: "a".repeat(32),
      },
    ]);
    expect(headers).toMatchObject({ authorization: "Bearer token" });
    expect(otlpMessage(sink({ type: "otlp" }), BATCH, null).headers).not.toHaveProperty("authorization");
  });

  it.each([
    ['{"partialSuccess":{"rejectedLogRecords":"3"}}', 3],
    ['{"partialSuccess":{"rejectedLogRecords":2,"errorMessage":"x"}}', 2],
    ["{}", 0],
    ["", 0],
    ["<html>", 0],
    ['{"partialSuccess":{"rejectedLogRecords":"-1"}}', 0],
  ])("that answers %s has thrown away %i", (answer, rejected) => {
    expect(rejectedByOtlp(answer)).toBe(rejected);
  });
});

describe("a record", () => {
  it("is OCSF where its sink asks for that", async () => {
    const { body } = await webhookMessage(sink({ format: "ocsf" }), BATCH, SECRET);
    expect(JSON.parse(body)).toMatchObject({ data: { format: "ocsf", records: [{ metadata: { uid: EVENT.id } }] } });
  });

  it("of any size fits a message of its own, and messages keep the order", () => {
    const records = Array.from({ length: 200 }, () => makeRecord({ target: "ü".repeat(4000) }));
    for (const format of ["native", "ocsf"] as const) {
      const parts = splitBatch(records, format);
      expect(parts.flat()).toEqual(records);
      for (const part of parts) {
        const { body } = otlpMessage(sink({ type: "otlp", format }), { ...BATCH, records: part }, null);
        expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(LIMITS.sinkMessageBytes);
      }
    }
  });
});

describe("a sink's secret", () => {
  const url = "https://siem.example.net/x";
  const nobody = () => Promise.reject(new Error("the vault is not asked"));

  it("is read for the origin that it names, and for no other", async () => {
    const sources = { secrets: { SINK_SIEM: "https://siem.example.net  the secret " }, reveal: nobody };
    await expect(readSinkSecret({ secret: "SIEM", url }, sources)).resolves.toBe("the secret");
    await expect(readSinkSecret({ secret: "SIEM", url: "https://siem.example.net:444/x" }, sources)).rejects.toThrow(
      "another_origin",
    );
    await expect(readSinkSecret({ url }, sources)).resolves.toBeNull();
  });

  // Whoever edits documents could otherwise have our signing keys sent to him.
  it.each(["SIGNING_KEYS", "../SIGNING_KEYS", "constructor"])("is never %s", async (secret) => {
    const sources = { secrets: { SIGNING_KEYS: "https://siem.example.net x" }, reveal: nobody };
    await expect(readSinkSecret({ secret, url }, sources)).rejects.toThrow("secret_missing");
  });

  it.each([
    ["absent", "secret_missing"],
    ["not_for_resource", "secret_of_another_origin"],
    ["keys_unavailable", "vault_unavailable"],
    ["damaged", "vault_unavailable"],
  ])("that the vault calls %s is %s", async (revealed, flaw) => {
    const sources = { secrets: {}, reveal: () => Promise.resolve(revealed) };
    await expect(readSinkSecret({ vault_secret: "siem", url }, sources)).rejects.toThrow(flaw);
  });

  it("that a vault does not answer for is an outage of the vault", async () => {
    const sources = { secrets: {}, reveal: () => Promise.reject(new Error("down")) };
    await expect(readSinkSecret({ vault_secret: "siem", url }, sources)).rejects.toThrow("vault_unavailable");
  });
});

describe("a sink's document", () => {
  it.each([
    ["a webhook without a secret", { secret: undefined }],
    ["a name with a slash", { name: "a/b" }],
    ["no types", { types: [] }],
    ["a type that there is not", { types: ["login"] }],
    ["a secret in it", { secret: "whsec_aaaa" }],
    ["a member too many", { token: "x" }],
    ["two secrets", { vault_secret: "siem" }],
    ["a name that no secret of the vault has", { secret: undefined, vault_secret: "SIEM/x" }],
  ])("with %s is refused", (_name, overrides) => {
    expect(sinkSchema.safeParse(sinkDocument(overrides)).success).toBe(false);
  });
});
