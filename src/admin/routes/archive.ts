import * as z from "zod";
import { LIMITS } from "../../limits.ts";
import { defineRoute, NO_BODY } from "../route.ts";

export const readArchivePage = defineRoute({
  id: "export_archive",
  method: "GET",
  path: "/admin/v1/archive",
  role: "viewer",
  summary: "Objects of the archive as they are, a page at a time: records and checkpoints, to be verified elsewhere",
  parameters: z.strictObject({ after: z.string().max(1024).optional().describe("The last name of the page before") }),
  body: NO_BODY,
  response: z.strictObject({
    objects: z.array(z.strictObject({ name: z.string(), text: z.string() })),
    after: z.string().nullable(),
  }),
  async handle({ parameters: { after = "" } }, uses) {
    const objects = await uses.readArchive(after);
    const next = objects.length < LIMITS.archiveObjectsPerPage ? null : (objects.at(-1)?.name ?? null);
    const body = { objects: [...objects], after: next };
    return { facts: { action: "exported", count: objects.length }, answer: { status: 200, body } };
  },
});
