import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { LIMITS } from "../../../src/limits.ts";
import { TestAdmin } from "../../support/admin.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("the archive is handed out object by object, a page at a time, and that it was is on record", async () => {
  const viewer = await TestAdmin.appoint("viewer");
  const names = Array.from(
    { length: LIMITS.archiveObjectsPerPage + 1 },
    (_, at) => `events/v1/x/${String(at).padStart(4, "0")}`,
  );
  for (const name of names) await env.AUDIT_ARCHIVE.put(name, `{"n":"${name}"}\n`);
  const seen: { name: string; text: string }[] = [];
  let after: string | null = "";
  while (after !== null) {
    const { status, body } = await viewer.call(`/admin/v1/archive?after=${encodeURIComponent(after)}`);
    expect(status).toBe(200);
    seen.push(...(body["objects"] as typeof seen));
    after = body["after"] as string | null;
  }
  const ours = seen.filter(({ name }) => names.includes(name));
  expect(ours).toEqual(names.map((name) => ({ name, text: `{"n":"${name}"}\n` })));
  expect(await viewer.record()).toContainEqual(
    expect.objectContaining({ operation: "export_archive", action: "exported", decision: "granted" }),
  );
});

it("an archive that does not answer is an outage", async () => {
  const viewer = await TestAdmin.appoint("viewer");
  vi.spyOn(env.AUDIT_ARCHIVE, "list").mockRejectedValue(new Error("down"));
  expect((await viewer.call("/admin/v1/archive")).status).toBe(503);
});
