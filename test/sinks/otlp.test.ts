import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { readRecord } from "../../src/sinks/archived-record.ts";
import { otlpMessage } from "../../src/sinks/otlp.ts";
import { otlpMetricsMessage } from "../../src/sinks/otlp-metrics.ts";
import { otlpTracesMessage } from "../../src/sinks/otlp-traces.ts";
import { addRecords, readTotals, type Totals } from "../../src/sinks/totals.ts";
import { sinkSchema } from "../../src/trust/sink.ts";
import { sinkDocument } from "../support/documents.ts";
import { throughDefinitions } from "../support/otlp.ts";
import { makeRecord } from "../support/sinks.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";
const REQUEST = "b7ad6b7169203331";
const NOW = Date.UTC(2026, 10, 21);
const CALL = makeRecord({
  type: "gateway_call",
  decision: "failed",
  reason: "upstream_refused",
  time: "2026-11-21T07:00:00.000Z",
  trace_id: TRACE,
  span_id: REQUEST,
  parent_span_id: CALLER,
  duration_milliseconds: 40,
  organization: "acme",
  client_id: "agent",
  method: "tools/call",
  target: "the-name-of-a-tool",
  upstream_status: 502,
  subject: "the-name-of-a-person",
});
const GRANT = makeRecord({ trace_id: TRACE, span_id: "aaaaaaaaaaaaaaaa", duration_milliseconds: 7 });
const UNTIMED = makeRecord({ type: "key_set", action: "rotated", decision: "done" });
const UNREAD = readRecord('{"version":2,"id":"later"}', "nowhere");
const ALL = [CALL, GRANT, UNTIMED, UNREAD];
const batchOf = (...records: typeof ALL) => ({ id: "msg_1", records, sentAtMilliseconds: NOW });
const LOGS = sinkSchema.parse(sinkDocument({ type: "otlp", secret: undefined }));
const NOTHING: Totals = { sinceMilliseconds: NOW - 60_000, series: {} };

async function spansOf(...records: typeof ALL): Promise<readonly Record<string, unknown>[]> {
  const { body } = await otlpTracesMessage(batchOf(...records), null);
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  };
  return resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
}

function pointsOf(totals: Totals) {
  const { body } = otlpMetricsMessage(totals, NOW, null);
  type Points = { readonly dataPoints: readonly Record<string, unknown>[] };
  const { resourceMetrics } = JSON.parse(body) as {
    resourceMetrics: { scopeMetrics: { metrics: { sum?: Points; histogram?: Points }[] }[] }[];
  };
  const [records, durations] = resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  return { records: records?.sum?.dataPoints ?? [], durations: durations?.histogram?.dataPoints ?? [] };
}

function labelsOf({ attributes }: Record<string, unknown>): Record<string, string> {
  const list = attributes as { key: string; value: { stringValue: string } }[];
  return Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue]));
}

describe("what OpenTelemetry is sent", () => {
  it.each([
    ["logs", () => otlpMessage(LOGS, batchOf(...ALL), null)],
    ["traces", () => otlpTracesMessage(batchOf(...ALL), null)],
    ["metrics", () => otlpMetricsMessage(addRecords(NOTHING, ALL), NOW, null)],
  ] as const)("as %s is all known to its own definitions", async (kind, message) => {
    const { sent, known } = throughDefinitions(kind, (await message()).body);
    expect(known).toEqual(sent);
  });

  // A check of the check: the definitions leave out what they do not know, and so it shows.
  it("would not be known if it were spelled otherwise", () => {
    const { body } = otlpMetricsMessage(addRecords(NOTHING, ALL), NOW, null);
    const { sent, known } = throughDefinitions("metrics", body.replace("isMonotonic", "is_monotonous"));
    expect(known).not.toEqual(sent);
  });

  it("carries its secret in one header alone", async () => {
    const secret = "Bearer a-secret-that-nobody-may-read";
    const messages = [
      otlpMessage(LOGS, batchOf(...ALL), secret),
      await otlpTracesMessage(batchOf(...ALL), secret),
      otlpMetricsMessage(addRecords(NOTHING, ALL), NOW, secret),
    ];
    for (const { headers, body } of messages) {
      expect(headers).toEqual({ "content-type": "application/json", authorization: secret });
      expect(body).not.toContain("nobody-may-read");
    }
  });
});

describe("a span", () => {
  it("is the request's own, below the caller's, and above what an MCP server traces", async () => {
    expect(await spansOf(CALL)).toEqual([
      {
        traceId: TRACE,
        spanId: REQUEST,
        parentSpanId: CALLER,
        name: "crossgate.gateway_call tools/call",
        kind: 2,
        startTimeUnixNano: `${Date.parse("2026-11-21T07:00:00.000Z")}000000`,
        endTimeUnixNano: `${Date.parse("2026-11-21T07:00:00.040Z")}000000`,
        attributes: expect.arrayContaining([
          { key: "crossgate.correlation_id", value: { stringValue: CALL.event?.correlation_id } },
          { key: "crossgate.client_id", value: { stringValue: "agent" } },
          { key: "http.response.status_code", value: { stringValue: "502" } },
        ]),
        status: { code: 2, message: "upstream_refused" },
      },
    ]);
  });

  it("of what was part of a request is below the request's, with an id of its own that does not change", async () => {
    const part = makeRecord({
      type: "approval",
      action: "asked",
      decision: "done",
      trace_id: TRACE,
      span_id: REQUEST,
      parent_span_id: CALLER,
      duration_milliseconds: 40,
    });
    const [first] = await spansOf(part);
    expect(first).toMatchObject({ kind: 1, parentSpanId: REQUEST, spanId: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(first?.["spanId"]).not.toBe(REQUEST);
    expect(first?.["endTimeUnixNano"]).toBe(first?.["startTimeUnixNano"]);
    expect(await spansOf(part)).toEqual([first]);
  });

  it("is of nothing that no request asked for, and of nothing that cannot be read", async () => {
    expect(await spansOf(UNTIMED, UNREAD)).toEqual([]);
  });

  it("is not in error where a request was refused: that is what was asked of us", async () => {
    const [span] = await spansOf(
      makeRecord({ decision: "refused", reason: "policy_denied", trace_id: TRACE, span_id: REQUEST }),
    );
    expect(span).not.toHaveProperty("status");
  });

  it("names no person and none of what a person did", async () => {
    const { body } = await otlpTracesMessage(batchOf(CALL), null);
    expect(body).not.toMatch(/the-name-of-a-(?:person|tool)/);
  });
});

describe("a metric", () => {
  it("counts records by what they are, since the sink began", () => {
    const totals = addRecords(addRecords(NOTHING, [CALL, CALL, UNTIMED]), [CALL, UNREAD]);
    const { records } = pointsOf(totals);
    expect(records.map((point) => [labelsOf(point), point["asInt"]])).toEqual([
      [
        { "crossgate.type": "gateway_call", "crossgate.decision": "failed", "crossgate.reason": "upstream_refused" },
        "3",
      ],
      [{ "crossgate.type": "key_set", "crossgate.action": "rotated", "crossgate.decision": "done" }, "1"],
      [{ "crossgate.type": "unread", "crossgate.decision": "done" }, "1"],
    ]);
    for (const point of records) {
      expect(point).toMatchObject({
        startTimeUnixNano: `${NOW - 60_000}000000`,
        timeUnixNano: `${NOW}000000`,
      });
    }
  });

  it("tells how long requests took, each in one bucket with its upper bound in it", () => {
    const times = [0, 5, 6, 30_000, 30_001].map((duration_milliseconds) => makeRecord({ duration_milliseconds }));
    const [point] = pointsOf(addRecords(NOTHING, times)).durations;
    expect(point).toMatchObject({
      count: "5",
      sum: 60_012,
      min: 0,
      max: 30_001,
      bucketCounts: ["2", "1", "0", "0", "0", "0", "0", "0", "0", "0", "0", "1", "1"],
    });
    expect(point?.["explicitBounds"]).toHaveLength(12);
  });

  it("has no durations of what no request asked for", () => {
    expect(pointsOf(addRecords(NOTHING, [UNTIMED])).durations).toEqual([]);
  });

  it("is of so many kinds at most, and what comes after is counted together", () => {
    const many = Array.from({ length: LIMITS.sinkSeries + 5 }, (_, at) => makeRecord({ reason: `reason-${at}` }));
    const { records } = pointsOf(addRecords(addRecords(NOTHING, many), [makeRecord({ reason: "reason-0" })]));
    expect(records).toHaveLength(LIMITS.sinkSeries + 1);
    expect(records.filter((point) => "otel.metric.overflow" in labelsOf(point))).toMatchObject([{ asInt: "5" }]);
    expect(records.find((point) => labelsOf(point)["crossgate.reason"] === "reason-0")).toMatchObject({ asInt: "2" });
  });

  it("names nobody, whatever the records say", () => {
    const { body } = otlpMetricsMessage(addRecords(NOTHING, ALL), NOW, null);
    expect(body).not.toMatch(/acme|agent|the-name-of/);
  });

  it("goes on from what was remembered, and begins now where nothing was", () => {
    const totals = addRecords(NOTHING, ALL);
    expect(readTotals(JSON.stringify(totals), NOW)).toEqual(totals);
    expect(readTotals("", NOW)).toEqual({ sinceMilliseconds: NOW, series: {} });
  });
});
