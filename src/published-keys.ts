import type { Revocations } from "../durable-objects/revocations.ts";
import { Outage } from "./audit/reason.ts";
import type { SigningKeys } from "./jwt/signing-keys.ts";
import { signJwt } from "./jwt/sign.ts";
import { fenceName } from "./revocation/fence-names.ts";

/** Our key set as the world may still rely on it. @throws Outage when that cannot be known */
export async function withoutRevoked(
  { keys }: SigningKeys["published"],
  revocations: Revocations,
): Promise<SigningKeys["published"]> {
  const signedInAtMilliseconds = Date.now();
  const revoked = await Promise.all(
    keys.map(({ kid }) => revocations.stops({ names: [fenceName("signing_key", kid)], signedInAtMilliseconds })),
  );
  return { keys: keys.filter((_key, at) => revoked[at] === false) };
}

/** Nothing more is signed by a key that got out, though it is still the current one. @throws Outage */
export async function signByUnrevokedKey(
  { typ, claims }: { readonly typ: string; readonly claims: object },
  keys: SigningKeys,
  revocations: Revocations,
): Promise<string> {
  const signer = await keys.signer();
  const names = [fenceName("signing_key", signer.kid)];
  if (await revocations.stops({ names, signedInAtMilliseconds: Date.now() })) throw new Outage("signer_unavailable");
  return signJwt(typ, claims, signer);
}
