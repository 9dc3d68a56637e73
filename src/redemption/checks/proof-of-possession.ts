import { type DpopProof, isFresh, verifyDpopProof } from "../../dpop/proof.ts";
import { GRANT_TYPE_JWT_DPOP } from "../../trust/client.ts";
import type { IdJag, Presented } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";

type Needs = Pick<Presented, "nowSeconds" | "client" | "grantType" | "dpopProof"> & {
  readonly idJag: IdJag;
  readonly clientChecked: Passed<"client_continuity">;
};
type Uses = Pick<Dependencies, "tokenEndpoint" | "acceptsNonce">;

/**
 * ID-JAG §9.8.1.2, the four cells of {assertion bound or not} × {proof sent or not}, and before anything is consumed: a
 * client that is only asked for a nonce keeps its assertion. The jwt-dpop grant demands both.
 */
export async function proofOfPossession(known: Needs, uses: Uses): Promise<{ proof: DpopProof | null }> {
  const { idJag, grantType, dpopProof } = known;
  if (grantType === GRANT_TYPE_JWT_DPOP && (idJag.confirmedKey === null || dpopProof === null)) {
    throw new Rejected("proof_missing");
  }
  if (dpopProof === null) return { proof: permitUnbound(known) };
  const proof = await readProof(dpopProof, known, uses);
  if (idJag.confirmedKey !== null && proof.thumbprint !== idJag.confirmedKey) throw new Rejected("proof_key_mismatch");
  return { proof };
}

function permitUnbound({ idJag, client }: Needs): null {
  if (idJag.confirmedKey !== null || client.dpop_required) throw new Rejected("proof_missing");
  return null;
}

async function readProof(dpopProof: string, { nowSeconds }: Needs, uses: Uses): Promise<DpopProof> {
  const context = { method: "POST", url: uses.tokenEndpoint, accessToken: null };
  const proof = await verifyDpopProof(dpopProof, context);
  if (proof === null) throw new Rejected("proof_malformed");
  if (proof.nonce === null || !(await uses.acceptsNonce(proof.nonce, nowSeconds))) {
    throw new Rejected("proof_nonce_required");
  }
  if (!isFresh(proof, nowSeconds)) throw new Rejected("proof_malformed");
  return proof;
}
