import { readVerificationKey } from "../../jwt/json-web-key.ts";
import { isSignedBy, type Signed } from "../../jwt/verify.ts";

/** A point of P-256 whose private key nobody has kept. */
const NOBODY = readVerificationKey({
  kty: "EC",
  crv: "P-256",
  x: "ibYNGERVcOIP5GRsA81FrEItFs-wcHA_pE60atDDzcQ",
  y: "wgkh1XiSUpO5h_e4_h00ZQki8cyfks-XoJV5Y-mOxRw",
});

/**
 * The work of verifying a signature, where there is no key to verify with: how long a refusal takes would otherwise
 * tell a stranger which clients exist. Has no result, so that it can never be taken for a yes.
 */
export async function verifyAgainstNobody(jws: Signed): Promise<void> {
  if (typeof NOBODY !== "string") await isSignedBy({ ...jws, header: { alg: "ES256" } }, NOBODY, "ES256");
}
