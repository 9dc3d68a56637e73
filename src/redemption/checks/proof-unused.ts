import { type DpopProof, retainProofUntil } from "../../dpop/proof.ts";
import type { Presented } from "../assertion.ts";
import type { Dependencies } from "../dependencies.ts";
import { Passed } from "../passed.ts";
import { Rejected } from "../rejection.ts";
import type { SealedAccessToken } from "../sealed-access-token.ts";

type Needs = Pick<Presented, "attemptId"> & { readonly proof: DpopProof | null; readonly sealed: SealedAccessToken };

/** RFC 9449 §11.1: a proof serves once. Asked this late so that no refusal spends it, and before the assertion is. */
export async function proofUnused(
  { proof, attemptId }: Needs,
  { consumeProof }: Pick<Dependencies, "consumeProof">,
): Promise<{ proofChecked: Passed<"proof_unused"> }> {
  const proofChecked = new Passed("proof_unused");
  if (proof === null) return { proofChecked };
  const { thumbprint, jti } = proof;
  const consumption = await consumeProof({ thumbprint, jti, attemptId, retainUntilSeconds: retainProofUntil(proof) });
  if (consumption === "replayed") throw new Rejected("proof_replayed");
  return { proofChecked };
}
