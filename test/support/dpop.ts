import { calculateJwkThumbprint } from "jose";
import { CROSSGATE, type Members } from "./documents.ts";
import { makeTestKey, type SigningAlgorithm, signText, type TestKey } from "./test-idp.ts";

export interface DpopKey extends TestKey {
  readonly thumbprint: string;
}

export async function makeDpopKey(alg: SigningAlgorithm = "ES256"): Promise<DpopKey> {
  const key = await makeTestKey(alg, "dpop");
  return { ...key, thumbprint: await calculateJwkThumbprint(key.material) };
}

export interface ProofChanges {
  readonly claims?: Members;
  readonly header?: Members;
}

/** A DPoP proof (RFC 9449 §4.2) for the token endpoint, good at `nowSeconds` but for what `changes` says. */
export function makeProof(key: DpopKey, nowSeconds: number, changes: ProofChanges = {}): Promise<string> {
  const header = { typ: "dpop+jwt", alg: key.alg, jwk: key.material, ...changes.header };
  const claims = {
    htm: "POST",
    htu: `${CROSSGATE}/token`,
    jti: crypto.randomUUID(),
    iat: nowSeconds,
    nonce: "good-nonce",
    ...changes.claims,
  };
  return signText(JSON.stringify(header), JSON.stringify(claims), key);
}
