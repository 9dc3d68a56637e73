/** An address that may name somebody: where it is delivered, and its one spelling. */
export interface EmailAddress {
  readonly domain: string;
  /** Only the domain is folded, and in ASCII alone: the mailbox's case and its "+" are its server's business. */
  readonly address: string;
}

const MAILBOX = /^[^\p{White_Space}\p{Cc}\p{Cf}@"<>(),:;\\[\]]+$/u;
const DOMAIN = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/;

/**
 * Narrower than RFC 5321: no quoted mailbox (it may hold a second "@"), no comment, nothing invisible, no domain outside
 * ASCII (toLowerCase makes "k" of the Kelvin sign). @returns null for what is no such address
 */
export function readEmailAddress(text: string): EmailAddress | null {
  const [mailbox = "", domain = "", ...others] = text.split("@");
  if (others.length > 0 || !MAILBOX.test(mailbox) || !DOMAIN.test(domain)) return null;
  return { domain: domain.toLowerCase(), address: `${mailbox}@${domain.toLowerCase()}` };
}
