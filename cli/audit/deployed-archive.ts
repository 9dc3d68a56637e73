import * as z from "zod";
import type { AdminClient } from "../backend/admin-client.ts";
import { writeObject } from "./archive-directory.ts";

const pageSchema = z.object({
  objects: z.array(z.object({ name: z.string(), text: z.string() })),
  after: z.string().nullable(),
});

/** The archive of a deployment by its admin API, a page at a time. @returns how many objects were written */
export async function exportDeployment(client: Pick<AdminClient, "ask">, directory: string): Promise<number> {
  let count = 0;
  let after: string | null = "";
  while (after !== null) {
    const query: string = after === "" ? "" : `?after=${encodeURIComponent(after)}`;
    const page: z.output<typeof pageSchema> = await client.ask({ method: "GET", path: `/archive${query}` }, pageSchema);
    for (const { name, text } of page.objects) {
      if (await writeObject(directory, name, async () => text)) count += 1;
    }
    ({ after } = page);
  }
  return count;
}
