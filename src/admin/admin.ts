import type { AdminRole } from "../trust/admin.ts";

/** Whoever has proved who he is: the name of an `admin:` document, and what it allows. */
export interface Admin {
  readonly name: string;
  readonly role: AdminRole;
}
