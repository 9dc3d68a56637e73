import type { AdminRole } from "../trust/admin.ts";

/**
 * A viewer reads. An operator reads and changes. An approver reads and approves what is held, and changes nothing: who
 * writes the rules is not the one who lets calls past them.
 */
const MAY: Record<AdminRole, readonly AdminRole[]> = {
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  approver: ["viewer", "approver"],
};

export function mayActAs(held: AdminRole, needed: AdminRole): boolean {
  return MAY[held].includes(needed);
}
