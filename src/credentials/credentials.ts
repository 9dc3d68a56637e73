import { LIMITS } from "../limits.ts";
import { maySetHeader } from "../trust/header-name.ts";
import type { UpstreamCredential } from "../trust/upstream-credential.ts";
import { CredentialRefused } from "./credential-refused.ts";
import type { CredentialAsked, SuppliedCredential, SuppliedHeaders, Supplier, Suppliers } from "./supplied.ts";

/** RFC 9110 §5.5 without obs-text and without white space around: nothing that ends a header or is read in two ways. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** What the gateway presents upstream in place of the caller's token. */
export class Credentials {
  readonly #suppliers: Suppliers;

  constructor(suppliers: Suppliers) {
    this.#suppliers = suppliers;
  }

  /**
   * For a call that has been authorized: the gateway asks after its last look at revocations, never before.
   * @throws CredentialRefused, Outage
   */
  async supply(asked: CredentialAsked): Promise<SuppliedCredential> {
    const { upstream, upstream_credential: credential } = asked.resource;
    const { headers, kid = null } = await this.#supplyBy(credential, asked);
    const facts = { type: credential.type, upstreamHost: new URL(upstream).host, kid };
    return { headers: checkHeaders(headers), facts };
  }

  #supplyBy(credential: UpstreamCredential, asked: CredentialAsked): Promise<SuppliedHeaders> {
    // The type chooses the supplier, and so is the supplier's own; TypeScript does not follow that far.
    const supplier = this.#suppliers[credential.type] as Supplier<UpstreamCredential["type"]>;
    return supplier(credential, asked);
  }
}

/** Whatever the supplier: what would break out of its header, or be taken for another one, is not sent. */
function checkHeaders(headers: SuppliedHeaders["headers"]): ReadonlyMap<string, string> {
  const entries = Object.entries(headers);
  for (const [name, value] of entries) {
    if (!maySetHeader(name) || !HEADER_VALUE.test(value) || value.length > LIMITS.credentialHeaderBytes) {
      throw new CredentialRefused("credential_unusable");
    }
  }
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}
