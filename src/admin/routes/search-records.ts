import * as z from "zod";
import { auditEventSchema } from "../../audit/audit-event.ts";
import {
  type FoundRecord,
  type Search,
  SEARCH_MEMBERS,
  SearchInvalid,
  searchRecords,
} from "../../audit/search-records.ts";
import { LIMITS } from "../../limits.ts";
import type { AdminDependencies } from "../dependencies.ts";
import { AdminRejected } from "../rejection.ts";
import { defineRoute, NO_BODY } from "../route.ts";

const text = z.string().min(1).max(LIMITS.urlBytes).optional();
const members = Object.fromEntries(Object.keys(SEARCH_MEMBERS).map((member) => [member, text])) as Record<
  keyof typeof SEARCH_MEMBERS,
  typeof text
>;

export const searchAuditRecords = defineRoute({
  id: "search_audit_records",
  method: "GET",
  path: "/admin/v1/audit-records",
  role: "viewer",
  summary: "Recorded decisions by who, what, when and why, newest first, a page at a time",
  parameters: z.strictObject({
    ...members,
    text: text.describe("Words anywhere in the record; one that ends in * is a beginning"),
    from: z.iso.datetime().optional(),
    to: z.iso.datetime().optional(),
    before: z.string().max(19).optional().describe("The place that the page before ended with"),
    limit: z
      .string()
      .regex(/^[1-9]\d{0,2}$/)
      .transform(Number)
      .pipe(z.int().max(LIMITS.recordsPerPage))
      .optional(),
  }),
  body: NO_BODY,
  response: z.strictObject({
    records: z.array(z.strictObject({ place: z.string(), event: auditEventSchema })),
    before: z.string().nullable().describe("Where the next page begins; null where there is none"),
  }),
  async handle({ parameters }, uses) {
    const { text: words = null, from, to, before = null, limit = LIMITS.recordsPerPage, ...asked } = parameters;
    const search = {
      members: Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
      text: words,
      fromMilliseconds: from === undefined ? null : Date.parse(from),
      toMilliseconds: to === undefined ? null : Date.parse(to),
      before,
      limit,
    };
    const found = await find(search, uses);
    // Records outlive the code that wrote them: one of another schema is left to the archive and its tools.
    const records = found.flatMap(({ place, event }) => {
      const { data } = auditEventSchema.safeParse(JSON.parse(event));
      return data === undefined ? [] : [{ place, event: data }];
    });
    const next = found.length < limit ? null : (found.at(-1)?.place ?? null);
    return { facts: { count: records.length }, answer: { status: 200, body: { records, before: next } } };
  },
});

async function find(search: Search, { audit }: AdminDependencies): Promise<readonly FoundRecord[]> {
  try {
    return await searchRecords(audit.ask, search);
  } catch (error) {
    if (!(error instanceof SearchInvalid)) throw error;
    // Its message quotes what was asked for; the answer does not.
    throw new AdminRejected("admin_request_malformed", { explanation: "holds no word to search for, or no place" });
  }
}
