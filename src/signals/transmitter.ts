import type { UnverifiedJws } from "../jwt/compact-jws.ts";
import type { Algorithm } from "../jwt/json-web-key.ts";
import { nameOfKey } from "../jwt/key-name.ts";
import { isSignedBy, type KeyChoice } from "../jwt/verify.ts";
import { fenceName } from "../revocation/fence-names.ts";
import type { TrustedIdp } from "../trust/trusted-idp.ts";
import { SignalRejected } from "./rejection.ts";

export interface TransmitterDirectory {
  /** Our issuer identifier. */
  readonly issuer: string;
  readonly findIdp: (issuer: string) => Promise<{ readonly document: TrustedIdp } | null>;
  readonly findKey: (idp: TrustedIdp, wanted: { kid: string | null; alg: Algorithm }) => Promise<KeyChoice>;
  /** Whether an operator has blocked what any of these fences names. @throws Outage */
  readonly isRevoked: (names: readonly string[]) => Promise<boolean>;
}

type Signals = NonNullable<TrustedIdp["signals"]>;

/** A provider whose record says that it is heard, and in this way. @throws SignalRejected, Outage */
export async function findTransmitter(
  issuer: string,
  isHeard: (signals: Signals) => boolean,
  { findIdp }: Pick<TransmitterDirectory, "findIdp">,
): Promise<TrustedIdp> {
  const found = await findIdp(issuer);
  const signals = found?.document.signals;
  if (found === null || signals === undefined || !isHeard(signals)) throw new SignalRejected("invalid_issuer");
  if (!found.document.enabled) throw new SignalRejected("access_denied");
  return found.document;
}

/** @returns the name of the key. @throws SignalRejected, Outage */
export async function requireSignature(
  jws: UnverifiedJws,
  idp: TrustedIdp,
  { findKey, isRevoked }: TransmitterDirectory,
): Promise<string> {
  const alg = idp.algorithms.find((allowed) => allowed === jws.header.alg);
  if (alg === undefined) throw new SignalRejected("invalid_key");
  const key = await findKey(idp, { kid: jws.header.kid, alg });
  if (typeof key === "string") throw new SignalRejected("invalid_key");
  if (!(await isSignedBy(jws, key, alg))) throw new SignalRejected("authentication_failed");
  const name = await nameOfKey(key);
  if (await isRevoked([fenceName("assertion_key", idp.issuer, name)])) throw new SignalRejected("invalid_key");
  // Or it could undo, while it is blocked, what it had said before, and what it says now would outlive the block.
  if (await isRevoked([fenceName("issuer", idp.issuer)])) throw new SignalRejected("access_denied");
  return name;
}
