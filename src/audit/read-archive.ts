import { LIMITS } from "../limits.ts";
import { Outage } from "./reason.ts";

type Archive = Pick<R2Bucket, "get" | "list">;

export interface ArchivedObject {
  readonly name: string;
  readonly text: string;
}

/** So many objects behind one of this name, whatever they hold. @throws Outage */
export async function readArchive(archive: Archive, after: string): Promise<readonly ArchivedObject[]> {
  try {
    const { objects } = await archive.list({ startAfter: after, limit: LIMITS.archiveObjectsPerPage });
    const read = objects.map(async ({ key }) => ({ name: key, text: (await (await archive.get(key))?.text()) ?? "" }));
    return await Promise.all(read);
  } catch (error) {
    throw new Outage("audit_archive_unavailable", { cause: error });
  }
}
