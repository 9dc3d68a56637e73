import { encodeBase64url } from "../jwt/base64url.ts";

/** An organization's name, which holds no tilde, and 128 random bits: whose desk it lies on is in the id itself. */
const APPROVAL_ID = /^([A-Za-z0-9_.-]{1,64})~[A-Za-z0-9_-]{22}$/;

export function makeApprovalId(organization: string): string {
  return `${organization}~${encodeBase64url(crypto.getRandomValues(new Uint8Array(16)))}`;
}

/** @returns null for what is no id of ours */
export function organizationOf(approvalId: string): string | null {
  return APPROVAL_ID.exec(approvalId)?.[1] ?? null;
}
