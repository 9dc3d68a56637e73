import { encodeBase64url } from "../jwt/base64url.ts";
import type { AuditFacts } from "./audit-event.ts";

export type SubjectForm = "plain" | "hashed";

/** The members that name whoever is served. Not `admin`: who changes Crossgate answers for it by name. */
const SUBJECT_MEMBERS = ["subject", "principal", "account", "actor"] as const;
const PREFIX = "hmac-sha256:";

/**
 * How audit records name people. Hashed, a record still says that two deeds were the same person's, and whoever holds
 * the key can look somebody up; whoever reads the archive alone cannot even test a guess, as he could with a plain hash.
 */
export class SubjectNames {
  readonly #form: SubjectForm;
  readonly #secret: string;
  /** Not the promise of it: one begun in another request may never settle in workerd. */
  #key: CryptoKey | null = null;

  constructor(form: SubjectForm, secret: string) {
    this.#form = form;
    this.#secret = secret;
  }

  /** Where the facts of an event become what is recorded of them. At once where nothing is to be hashed. */
  record<Facts extends Partial<AuditFacts>>(facts: Facts): Facts | Promise<Facts> {
    return this.#form === "plain" ? facts : this.#hashMembers(facts);
  }

  /** The name under which records speak of `subject`. */
  async nameOf(subject: string): Promise<string> {
    if (this.#form === "plain" || subject.startsWith(PREFIX)) return subject;
    this.#key ??= await importNameKey(this.#secret);
    const mac = await crypto.subtle.sign("HMAC", this.#key, new TextEncoder().encode(subject));
    return `${PREFIX}${encodeBase64url(new Uint8Array(mac))}`;
  }

  async #hashMembers<Facts extends Partial<AuditFacts>>(facts: Facts): Promise<Facts> {
    const named = SUBJECT_MEMBERS.filter((member) => typeof facts[member] === "string");
    const names = await Promise.all(named.map(async (member) => [member, await this.nameOf(facts[member] ?? "")]));
    return { ...facts, ...Object.fromEntries(names) };
  }
}

/** A key of its own, derived (HKDF, RFC 5869): the state secret also makes nonces and session ids. */
async function importNameKey(secret: string): Promise<CryptoKey> {
  const encoder = new TextEncoder();
  const root = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const derivation = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: encoder.encode("audit subjects v1"),
  };
  const purpose = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(derivation, root, purpose, false, ["sign"]);
}
