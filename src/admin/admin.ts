import type { Approver } from "../approval/approval.ts";
import type { AdminRole } from "../trust/admin.ts";

/** Whoever has proved who he is: the name of an `admin:` document, and what it says of him. */
export interface Admin extends Approver {
  readonly role: AdminRole;
}
