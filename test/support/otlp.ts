import root from "@opentelemetry/otlp-transformer/build/src/generated/root.js";

/** As the package's own JavaScript has it; what it declares of that leaves it out. */
interface Definition {
  readonly fromObject: (message: unknown) => object;
  readonly toObject: (message: object, how: { longs: typeof String; bytes: typeof String; json: true }) => object;
}
type Service<Name extends string> = { readonly v1: Readonly<Record<Name, Definition>> };
interface Definitions {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly logs: Service<"ExportLogsServiceRequest">;
        readonly trace: Service<"ExportTraceServiceRequest">;
        readonly metrics: Service<"ExportMetricsServiceRequest">;
      };
    };
  };
}

const { collector } = (root as unknown as Definitions).opentelemetry.proto;
const REQUESTS = {
  logs: collector.logs.v1.ExportLogsServiceRequest,
  traces: collector.trace.v1.ExportTraceServiceRequest,
  metrics: collector.metrics.v1.ExportMetricsServiceRequest,
} as const;

/** Identifiers are hexadecimal in this protocol's JSON, and base64 in that of its definitions. */
const IDENTIFIERS = new Set(["traceId", "spanId", "parentSpanId"]);

function withBase64(value: unknown, name = ""): unknown {
  if (typeof value === "string" && IDENTIFIERS.has(name)) return Uint8Array.fromHex(value).toBase64();
  if (Array.isArray(value)) return value.map((each) => withBase64(each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([member, each]) => [member, withBase64(each, member)]));
}

/**
 * Reads a message by OpenTelemetry's own definitions. They leave out whatever they do not know, so a message is theirs when
 * it comes back as it went.
 */
export function throughDefinitions(kind: keyof typeof REQUESTS, body: string) {
  const { fromObject, toObject } = REQUESTS[kind];
  const sent = withBase64(JSON.parse(body));
  return { sent, known: toObject(fromObject(sent), { longs: String, bytes: String, json: true }) };
}
