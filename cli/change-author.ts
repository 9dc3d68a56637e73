import { execFile } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { promisify } from "node:util";
import { changeNoteSchema } from "../src/trust/change-note.ts";
import { type AdminKey, readAdminKey } from "./admin-key.ts";
import { UsageError } from "./command-error.ts";

/** Who changes trust or policy where no admin API records it. */
export interface ChangeAuthor {
  /** By his own word. */
  readonly by: string;
  /** What makes it more than his word; null where he has no key at hand. */
  readonly signer: { readonly key: AdminKey; readonly issuer: string } | null;
}

/** Asked only where it will be written down. */
export type FindAuthor = () => Promise<ChangeAuthor>;

interface AuthorOptions {
  /** As told on the command line. */
  readonly by: string | undefined;
  readonly keyPath: string | undefined;
  /** For whom a signature is meant. */
  readonly issuer: string;
}

/** @throws UsageError for a name that no record could hold */
export async function findAuthor({ by, keyPath, issuer }: AuthorOptions): Promise<ChangeAuthor> {
  if (by !== undefined && !isName(by)) throw new UsageError(`--by: give a name or an address, on one line.`);
  const signer = keyPath === undefined ? null : { key: await readAdminKey(keyPath), issuer };
  return { by: by ?? (await nameOfUser()), signer };
}

/** What the versions of the documents say too, where they are kept in git; else the account on this machine. */
async function nameOfUser(): Promise<string> {
  const address = await promisify(execFile)("git", ["config", "user.email"]).then(
    ({ stdout }) => stdout.trim(),
    () => "",
  );
  if (isName(address)) return address;
  const account = `${nameOfAccount()}@${hostname()}`;
  return isName(account) ? account : "unknown";
}

/** A user without an entry in the system's list, as in some containers, has none. */
function nameOfAccount(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

function isName(text: string): boolean {
  return changeNoteSchema.shape.by.safeParse(text).success;
}
