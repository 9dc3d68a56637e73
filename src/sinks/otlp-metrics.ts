import { attributesOf, nanoseconds, OTLP_RESOURCE, otlpPost } from "./otlp.ts";
import type { SinkMessage } from "./message.ts";
import { DURATION_BOUNDS, type Labels, labelsOf, type Series, type Totals } from "./totals.ts";

const CUMULATIVE = 2;

/**
 * Metrics: how many records of each kind, and how long the requests took. Isolates come and go and cannot count; a sink is
 * one object that sees each record once, in its order, and remembers. So its sums are cumulative since it began, and one
 * that is sent twice counts nothing twice.
 */
export function otlpMetricsMessage(totals: Totals, nowMilliseconds: number, secret: string | null): SinkMessage {
  const times = {
    startTimeUnixNano: nanoseconds(totals.sinceMilliseconds),
    timeUnixNano: nanoseconds(nowMilliseconds),
  };
  const all = Object.entries(totals.series).map(([name, series]) => ({ series, attributes: labels(labelsOf(name)) }));
  const timed = all.filter(({ series }) => series.durations.length > 0);
  const metrics = [
    {
      name: "crossgate.records",
      description: "Recorded decisions",
      unit: "{record}",
      sum: {
        aggregationTemporality: CUMULATIVE,
        isMonotonic: true,
        dataPoints: all.map(({ series, attributes }) => ({ attributes, ...times, asInt: String(series.records) })),
      },
    },
    {
      name: "crossgate.request.duration",
      description: "From a request's arrival until it was recorded",
      unit: "ms",
      histogram: {
        aggregationTemporality: CUMULATIVE,
        dataPoints: timed.map(({ series, attributes }) => ({ attributes, ...times, ...distribution(series) })),
      },
    },
  ];
  const scopeMetrics = [{ scope: { name: "crossgate.audit", version: "1" }, metrics }];
  return otlpPost({ resourceMetrics: [{ resource: OTLP_RESOURCE, scopeMetrics }] }, secret);
}

function labels(known: Labels | null): ReturnType<typeof attributesOf> {
  // As OpenTelemetry's own SDKs name what did not fit.
  if (known === null) return attributesOf({ "otel.metric.overflow": "true" });
  const { type, action, decision, reason } = known;
  return attributesOf({
    "crossgate.type": type,
    "crossgate.action": action,
    "crossgate.decision": decision,
    "crossgate.reason": reason,
  });
}

function distribution({ durations, durationSum, durationMinimum, durationMaximum }: Series): object {
  return {
    count: String(durations.reduce((total, count) => total + count, 0)),
    sum: durationSum,
    bucketCounts: durations.map(String),
    explicitBounds: [...DURATION_BOUNDS],
    min: durationMinimum,
    max: durationMaximum,
  };
}
