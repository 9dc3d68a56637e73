import * as z from "zod";

const refusedRequestSchema = z.object({
  event: z.literal("request_refused"),
  correlation_id: z.string(),
  decision: z.enum(["refused", "failed"]),
  reason: z.string(),
  check: z.string().nullable().default(null),
  client_id: z.string().nullable().default(null),
  resource: z.string().nullable().default(null),
});

/** What the Worker says of a request that did not get what it asked for. */
export type RefusedRequestLine = z.output<typeof refusedRequestSchema>;

/** @returns null for any other line of the runtime's log */
export function readRefusedRequest(line: string): RefusedRequestLine | null {
  return refusedRequestSchema.safeParse(parseJson(line.replace(/^\[worker \w+\] /, ""))).data ?? null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
