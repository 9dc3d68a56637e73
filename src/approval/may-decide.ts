import type { ApprovalDemand, Approver, DecisionObstacle, HeldCall, SubjectAtIssuer } from "./approval.ts";

/**
 * @returns why this approver may not decide about this call; null when he may. Every rule that wants an approval must
 * name him, and nobody decides about his own: whoever's document does not say who he is might be the one who asks.
 */
export function findObstacle(
  { demands, requester }: Pick<HeldCall, "demands" | "requester">,
  approver: Approver,
  isRequester: boolean,
): DecisionObstacle | null {
  if (approver.subjects.length === 0) return "unidentified";
  if (isRequester || mayBe(approver, requester)) return "own_request";
  return demands.every((demand) => names(demand, approver)) ? null : "not_an_approver";
}

/** @returns whether this subject could be the approver. A tenant that either of them leaves out may be any. */
export function mayBe({ subjects }: Pick<Approver, "subjects">, { issuer, tenant, sub }: SubjectAtIssuer): boolean {
  return subjects.some((stated) => {
    const isTenant = stated.tenant === null || tenant === null || stated.tenant === tenant;
    return isTenant && stated.issuer === issuer && stated.sub === sub;
  });
}

function names({ approvers }: ApprovalDemand, { name, groups, subjects }: Approver): boolean {
  if (approvers === "any") return true;
  return (
    approvers.admins.includes(name) ||
    groups.some((group) => approvers.groups.includes(group)) ||
    subjects.some((subject) => approvers.subjects.some((named) => isSame(named, subject)))
  );
}

/** To be named takes all of it; what is left out stands for nothing but itself. */
function isSame(named: SubjectAtIssuer, subject: SubjectAtIssuer): boolean {
  return named.issuer === subject.issuer && named.tenant === subject.tenant && named.sub === subject.sub;
}
