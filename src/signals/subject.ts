import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { accountPrincipal } from "../redemption/principal.ts";
import { fenceName } from "../revocation/fence-names.ts";
import { readEmailAddress } from "../trust/email-address.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { SignalRejected } from "./rejection.ts";

const identifier = z.string().min(1).max(LIMITS.identifierBytes);
const issSub = z.object({ format: z.literal("iss_sub"), iss: z.string(), sub: identifier });
const opaque = z.object({ format: z.literal("opaque"), id: identifier });
const email = z.object({ format: z.literal("email"), email: z.string().max(LIMITS.emailBytes) });
/** RFC 9493, as far as it names a user. */
const simple = z.discriminatedUnion("format", [issSub, opaque, email]);
/** SSF 1.0 §3. Loose: what else it has is looked at for being critical, and else ignored. */
const complex = z.looseObject({
  format: z.literal("complex"),
  user: simple.optional(),
  tenant: opaque.optional(),
});
const subjectIdSchema = z.discriminatedUnion("format", [issSub, opaque, email, complex]);

type SimpleSubject = z.output<typeof simple>;

/** Members of a complex subject that have a meaning here. All access of its user is ended, whatever else narrows it. */
const UNDERSTOOD: readonly string[] = ["format", "user", "tenant"];

/** Whom a provider speaks of, as a fence that reaches nobody but its own users. */
export interface SignalSubject {
  readonly fence: string;
  readonly sub: string | null;
  readonly tenant: string | null;
  readonly account: string | null;
}

/**
 * Why nobody was found: an address at a domain for which the provider does not speak; one that no account has; a
 * provider whose users have no accounts here, a subject without a user, or a tenant that we do not know.
 */
export type Unresolved = "not_authoritative" | "unknown" | "not_resolvable";

export interface SubjectDirectory {
  /** The account that has this very address. @throws Outage */
  readonly findAccountByEmail: (organization: string, address: string) => Promise<string | null>;
}

/** @throws SignalRejected for what cannot be read, or is not this provider's to speak of; Outage */
export async function resolveSubject(
  subjectId: unknown,
  idp: TrustedIdp,
  directory: SubjectDirectory,
): Promise<SignalSubject | Unresolved> {
  const parsed = subjectIdSchema.safeParse(subjectId);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  if (parsed.data.format !== "complex") return resolveSimple(parsed.data, { idp, tenant: null, directory });
  requireNothingCritical(parsed.data, idp);
  const { user, tenant } = parsed.data;
  if (user === undefined) return "not_resolvable";
  // A provider of one organization has one tenant, whatever it calls it.
  if (idp.tenants === undefined || tenant === undefined) return resolveSimple(user, { idp, tenant: null, directory });
  if (!Object.hasOwn(idp.tenants, tenant.id)) return "not_resolvable";
  return resolveSimple(user, { idp, tenant: tenant.id, directory });
}

/** Of a global token revocation: one user, and nothing around him. @throws SignalRejected, Outage */
export function resolveUser(
  subjectId: unknown,
  idp: TrustedIdp,
  directory: SubjectDirectory,
): Promise<SignalSubject | Unresolved> {
  const parsed = simple.safeParse(subjectId);
  if (!parsed.success) throw new SignalRejected("invalid_request");
  return resolveSimple(parsed.data, { idp, tenant: null, directory });
}

/** SSF 1.0 §7: an event with a member that its transmitter calls critical and we cannot process must be discarded. */
function requireNothingCritical(subject: Readonly<Record<string, unknown>>, { signals }: TrustedIdp): void {
  const critical = signals?.critical_subject_members ?? [];
  if (critical.some((member) => Object.hasOwn(subject, member) && !UNDERSTOOD.includes(member))) {
    throw new SignalRejected("invalid_request");
  }
}

interface Place {
  readonly idp: TrustedIdp;
  readonly tenant: string | null;
  readonly directory: SubjectDirectory;
}

async function resolveSimple(user: SimpleSubject, place: Place): Promise<SignalSubject | Unresolved> {
  const { idp, tenant } = place;
  if (user.format === "email") return resolveEmail(user.email, place);
  // The users of another provider are none of its business, whatever it signs.
  if (user.format === "iss_sub" && user.iss !== idp.issuer) throw new SignalRejected("access_denied");
  const sub = user.format === "iss_sub" ? user.sub : user.id;
  const fence = tenant === null ? fenceName("subject", idp.issuer, sub) : fenceName("subject", idp.issuer, sub, tenant);
  return { fence, sub, tenant, account: null };
}

/** An account is one person's, whichever provider vouches for him; so an address ends what all of them have brought. */
async function resolveEmail(text: string, { idp, tenant, directory }: Place): Promise<SignalSubject | Unresolved> {
  const address = readEmailAddress(text);
  if (address === null) throw new SignalRejected("invalid_request");
  if (!idp.email_domains.includes(address.domain)) return "not_authoritative";
  const organization = tenant === null ? idp.organization : idp.tenants?.[tenant];
  if (idp.subject_resolution.mode === "automatic" || organization === undefined) return "not_resolvable";
  const account = await directory.findAccountByEmail(organization, address.address);
  if (account === null) return "unknown";
  return { fence: fenceName("principal", await accountPrincipal(organization, account)), sub: null, tenant, account };
}

/** By the members of an audit record. */
export function namedBy({ sub, tenant, account }: SignalSubject, issuer: string): Readonly<Record<string, string>> {
  const person = account === null ? { subject: sub ?? "" } : { account };
  return { issuer, ...person, ...(tenant === null ? {} : { tenant }) };
}
