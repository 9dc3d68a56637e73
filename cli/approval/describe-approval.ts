import type * as z from "zod";
import type { approvalSchema } from "../../src/admin/routes/approvals.ts";

export type ShownApproval = z.output<typeof approvalSchema>;

const OBSTACLES = {
  own_request: "you asked for this call yourself",
  not_an_approver: "a rule that holds it does not name you",
  unidentified: "your admin: document does not say which subjects you are",
} as const;

/** One line, for a list. */
export function toApprovalLine({ id, requester, client_id, tool, resource, expires_at }: ShownApproval): string {
  return [id, visible(requester.sub), visible(client_id), visible(tool), visible(resource), `until ${expires_at}`].join(
    "  ",
  );
}

/** All that there is to know before one decides. */
export function describeApproval(approval: ShownApproval): string {
  const { requester, rules, decided_by: decidedBy, obstacle } = approval;
  const tenant = requester.tenant === null ? "" : `, tenant ${requester.tenant}`;
  const rows: readonly (readonly [string, string])[] = [
    ["approval", approval.id],
    ["state", decidedBy === null ? approval.state : `${approval.state}, decided by ${decidedBy}`],
    ["person", `${requester.sub} at ${requester.issuer}${tenant}`],
    ...(approval.actor === null ? [] : [["acting party", approval.actor] as const]),
    ["agent", approval.client_id],
    ["server", approval.resource],
    ["tool", approval.tool],
    ["call", approval.call ?? `not shown; arguments: ${approval.argument_names.join(", ") || "none"}`],
    ["its SHA-256", approval.call_sha256],
    ["rules", rules.map(({ rule }) => rule).join(", ")],
    ["asked", approval.asked_at],
    ["good until", approval.expires_at],
    ...(obstacle === null ? [] : [["you cannot", OBSTACLES[obstacle]] as const]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(15)}${visible(value)}\n`).join("");
}

/**
 * What an agent wrote must neither steer the terminal nor hide from whoever reads it: control characters, what turns the
 * direction of text, and spaces and signs that show nothing are spelled out.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{C}\p{Default_Ignorable_Code_Point}[\p{Z}--[ ]]]/gv, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
