import type { Revocations } from "../durable-objects/revocations.ts";
import type { SigningKeys } from "./access-token/signing-keys.ts";
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
