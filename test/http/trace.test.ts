import { describe, expect, it } from "vitest";
import { continueTrace, traceRequest } from "../../src/http/trace.ts";

function trace(headers: Readonly<Record<string, string>> = {}, cf: object = {}) {
  const request = new Request("https://crossgate.example/token", { headers });
  return traceRequest(Object.defineProperty(request, "cf", { value: cf }));
}

describe("a request's trace", () => {
  it("has an id of its own each time", () => {
    const [first, second] = [trace(), trace()];
    expect(first.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(second.correlationId).not.toBe(first.correlationId);
  });

  // One that a caller may choose would let it write into other people's trails.
  it.each(["crossgate-correlation-id", "x-correlation-id", "x-request-id", "traceparent", "cf-ray"])(
    "takes no id from %s",
    (name) => {
      expect(trace({ [name]: "chosen-by-the-caller" }).correlationId).not.toBe("chosen-by-the-caller");
    },
  );

  it("goes on with the caller's trace where there is one, and begins one where there is none", () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    expect(trace({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` }).traceId).toBe(traceId);
    expect(trace({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` }).parentSpanId).toBe("00f067aa0ba902b7");
    expect(trace({ traceparent: `01-${traceId}-00f067aa0ba902b7-01-more` }).traceId).toBe(traceId);
    expect(trace().traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(trace().traceId).not.toBe(trace().traceId);
  });

  it.each([
    ["00", "00"],
    ["01", "01"],
    ["03", "03"],
    ["ff", "03"],
    ["fc", "00"],
  ])("passes on of the flags %s those that it knows: %s", (flags, known) => {
    const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`;
    expect(continueTrace(trace({ traceparent }))).toMatch(new RegExp(`-${known}$`));
  });

  it.each([
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736x-00f067aa0ba902b7-01",
  ])("makes a trace id of its own where the caller's is none: %s", (traceparent) => {
    const { traceId } = trace({ traceparent });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceparent).not.toContain(traceId);
  });

  it.each([
    ["0123456789abcdef-FRA", "0123456789abcdef-FRA"],
    ["0123456789abcdef", "0123456789abcdef"],
    ["not a ray", null],
    ["0123456789abcdef-FRA<script>", null],
    ["0".repeat(33), null],
    ["", null],
  ])("has the ray %j as %j", (ray, expected) => {
    expect(trace({ "cf-ray": ray }).ray).toBe(expected);
  });

  it.each([
    [{ colo: "FRA" }, "FRA"],
    [{ colo: "fra" }, null],
    [{ colo: 7 }, null],
    [{}, null],
    [undefined, null],
  ])("has the place of %j as %j", (cf, expected) => {
    expect(trace({}, cf as object).colo).toBe(expected);
  });
});
