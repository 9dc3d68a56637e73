import type { ApprovalDemand, Approver, DecisionObstacle, HeldCall, SubjectAtIssuer } from "./approval.ts";

/**
 * @returns why this approver may not decide about this call; null when he may. Every rule that wants an approval must
 * name him, and nobody decides about his own: whoever's document does not say who he is might be the one who asks.
 */
export function findObstacle(
  { demands, requester }: Pick<HeldCall, "demands" | "requester">,
  approver: Approver,
): DecisionObstacle | null {
  if (approver.subjects.length === 0) return "unidentified";
  if (approver.subjects.some((subject) => isSame(subject, requester))) return "own_request";
  return demands.every((demand) => names(demand, approver)) ? null : "not_an_approver";
}

/** A tenant that either of them leaves out may be any. */
function isSame(stated: SubjectAtIssuer, requester: SubjectAtIssuer): boolean {
  const isTenant = stated.tenant === null || requester.tenant === null || stated.tenant === requester.tenant;
  return isTenant && stated.issuer === requester.issuer && stated.sub === requester.sub;
}

function names({ approvers }: ApprovalDemand, { name, groups, subjects }: Approver): boolean {
  if (approvers === "any") return true;
  return (
    approvers.admins.includes(name) ||
    groups.some((group) => approvers.groups.includes(group)) ||
    subjects.some(({ sub }) => approvers.subjects.includes(sub))
  );
}
