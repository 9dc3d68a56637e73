import * as z from "zod";
import { auditEventSchema } from "../../audit/audit-event.ts";
import { defineRoute, NO_BODY } from "../route.ts";

const correlationIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, "a correlation id, as an answer or its header has it");

export const findAuditEvents = defineRoute({
  id: "find_audit_events",
  method: "GET",
  path: "/admin/v1/audit-events",
  role: "viewer",
  summary: "The records of one request; they arrive some seconds after its answer",
  parameters: z.strictObject({ correlation_id: correlationIdSchema }),
  body: NO_BODY,
  response: z.strictObject({ events: z.array(auditEventSchema) }),
  async handle({ parameters: { correlation_id } }, uses) {
    const found = await uses.audit.findByCorrelation(correlation_id);
    // Records outlive the code that wrote them: one of another schema is left to the archive and its tools.
    const events = found.flatMap((text) => auditEventSchema.safeParse(JSON.parse(text)).data ?? []);
    return { facts: { count: events.length }, answer: { status: 200, body: { events } } };
  },
});
