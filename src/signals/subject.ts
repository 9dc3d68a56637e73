import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { fenceName } from "../revocation/fence-names.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { SignalRejected } from "./rejection.ts";

const identifier = z.string().min(1).max(LIMITS.identifierBytes);
const issSub = z.object({ format: z.literal("iss_sub"), iss: z.string(), sub: identifier });
const opaque = z.object({ format: z.literal("opaque"), id: identifier });
const email = z.object({ format: z.literal("email"), email: z.string().max(LIMITS.emailBytes) });
const simple = z.discriminatedUnion("format", [issSub, opaque, email]);
/** Members that narrow it to a session or a device are not told apart here: all of the user's access is ended. */
const complex = z.object({ format: z.literal("complex"), user: simple.optional(), tenant: z.unknown().optional() });
const subjectIdSchema = z.discriminatedUnion("format", [issSub, opaque, email, complex]);

export interface SignalSubject {
  readonly fence: string;
  readonly sub: string;
  readonly tenant: string | null;
}

/**
 * Whom a provider speaks of, as a fence that reaches nobody but its own users.
 * @returns null for whom we could not find: an address, or a session alone. @throws SignalRejected
 */
export function subjectOf(subjectId: unknown, { issuer }: TrustedIdp): SignalSubject | null {
  const parsed = subjectIdSchema.safeParse(subjectId);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  const user = parsed.data.format === "complex" ? parsed.data.user : parsed.data;
  const tenant = parsed.data.format === "complex" ? readTenant(parsed.data.tenant) : null;
  if (user === undefined || user.format === "email") return null;
  // The users of another provider are none of its business, whatever it signs.
  if (user.format === "iss_sub" && user.iss !== issuer) throw new SignalRejected("access_denied");
  const sub = user.format === "iss_sub" ? user.sub : user.id;
  const fence = tenant === null ? fenceName("subject", issuer, sub) : fenceName("subject", issuer, sub, tenant);
  return { fence, sub, tenant };
}

/** One that we cannot read must not widen the event to every tenant. */
function readTenant(tenant: unknown): string | null {
  if (tenant === undefined) return null;
  const parsed = opaque.safeParse(tenant);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  return parsed.data.id;
}
