import type { Egress } from "../src/egress/exchange.ts";
import { LIMITS } from "../src/limits.ts";
import {
  type AuthorizationServer,
  discoverAuthorizationServer,
  discoverIssuerOf,
} from "../src/oauth-client/discovery.ts";
import { inOurWords } from "./acquisition.ts";

interface Known<Value> {
  readonly value: Value;
  readonly atMilliseconds: number;
}

/** Authorization servers, remembered for a short while; what could not be had is asked for again. */
export class KnownServers {
  readonly #egress: Egress;
  readonly #servers = new Map<string, Known<AuthorizationServer>>();
  readonly #issuers = new Map<string, Known<string>>();

  constructor(egress: Egress) {
    this.#egress = egress;
  }

  /** @throws AcquisitionEnded */
  find(issuer: string): Promise<AuthorizationServer> {
    return remembered(this.#servers, issuer, () => discoverAuthorizationServer(issuer, this.#egress));
  }

  /** @throws AcquisitionEnded */
  async findNow(issuer: string): Promise<AuthorizationServer> {
    this.#servers.delete(issuer);
    return this.find(issuer);
  }

  /** The one that is named, or that the upstream names. @throws AcquisitionEnded */
  async findFor(upstream: string, named: string | undefined): Promise<AuthorizationServer> {
    return this.find(
      named ?? (await remembered(this.#issuers, upstream, () => discoverIssuerOf(upstream, this.#egress))),
    );
  }
}

async function remembered<Value>(
  known: Map<string, Known<Value>>,
  key: string,
  discover: () => Promise<Value>,
): Promise<Value> {
  const found = known.get(key);
  const freshMilliseconds = LIMITS.authorizationServerFreshSeconds * 1000;
  if (found !== undefined && Date.now() - found.atMilliseconds < freshMilliseconds) return found.value;
  const value = await inOurWords(discover());
  known.set(key, { value, atMilliseconds: Date.now() });
  const [oldest] = known.keys();
  if (known.size > LIMITS.upstreamTokensPerVault && oldest !== undefined) known.delete(oldest);
  return value;
}
