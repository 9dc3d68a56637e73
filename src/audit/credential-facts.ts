import * as z from "zod";
import { LIMITS } from "../limits.ts";

/** Of a credential that was presented, its kind and where to; a closed shape, with no place for itself. */
export const credentialFactsSchema = z.strictObject({
  type: z.enum(["secret", "identity", "client_credentials", "token_exchange", "authorization_code", "xaa"]),
  upstream_host: z.string().max(LIMITS.urlBytes),
  kid: z.string().max(LIMITS.keyIdBytes).nullable().describe("The key of VAULT_KEYS that its record is under"),
});
