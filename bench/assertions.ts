import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";

/** Whom the ID-JAGs of a bench are about; `deployment.ts` writes the documents that trust them. */
export const PARTIES = {
  issuer: "https://idp.acme.example",
  keyId: "bench-2026",
  subject: "00u1a2b3c4d5e6f7g8h9",
  scope: "files:read files:write",
} as const;

const LIFETIME_SECONDS = 300;
const MINIMUM_REMAINING_SECONDS = 120;

export type Claims = Readonly<Record<string, unknown>>;

interface Addressed {
  readonly audience: string;
  readonly clientId: string;
  readonly resource: string;
}

/** An identity provider that signs as fast as this machine can, since every redemption needs an ID-JAG of its own. */
export class IdentityProvider {
  readonly #addressed: Addressed;
  readonly #privateKey: KeyObject;
  readonly publicJwk: JsonWebKey & { readonly kid: string };

  constructor(addressed: Addressed) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#addressed = addressed;
    this.#privateKey = privateKey;
    this.publicJwk = { ...publicKey.export({ format: "jwk" }), kid: PARTIES.keyId, alg: "ES256", use: "sig" };
  }

  /** An ID-JAG that is good now, but for what `changes` and `headerChanges` say. */
  issue(changes: Claims = {}, headerChanges: Claims = {}): string {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const { audience, clientId, resource } = this.#addressed;
    const claims = {
      iss: PARTIES.issuer,
      sub: PARTIES.subject,
      aud: audience,
      client_id: clientId,
      jti: randomUUID(),
      iat: nowSeconds,
      exp: nowSeconds + LIFETIME_SECONDS,
      scope: PARTIES.scope,
      resource,
      auth_time: nowSeconds - 60,
      acr: "urn:acme:loa:2",
      ...changes,
    };
    const header = { typ: "oauth-id-jag+jwt", alg: "ES256", kid: PARTIES.keyId, ...headerChanges };
    const signed = `${encode(header)}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), { key: this.#privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

interface Signed {
  readonly assertion: string;
  readonly signedAtMilliseconds: number;
}

/** Assertions made ahead, while nothing is measured. Each reader takes each of them once. */
export class AssertionStock {
  readonly #idp: Pick<IdentityProvider, "issue">;
  readonly #stock: Signed[] = [];
  readonly #taken = new Map<string, number>();

  constructor(idp: Pick<IdentityProvider, "issue">) {
    this.#idp = idp;
  }

  /** @returns assertions that `reader` has never seen and that stay valid long enough for a run. */
  take(reader: string, count: number): string[] {
    const from = Math.max(this.#taken.get(reader) ?? 0, this.#firstFresh());
    while (this.#stock.length < from + count) {
      this.#stock.push({ assertion: this.#idp.issue(), signedAtMilliseconds: Date.now() });
    }
    this.#taken.set(reader, from + count);
    return this.#stock.slice(from, from + count).map(({ assertion }) => assertion);
  }

  /** Gives the end of what was taken last back, having been presented to nobody. */
  giveBack(reader: string, count: number): void {
    this.#taken.set(reader, Math.max(0, (this.#taken.get(reader) ?? 0) - count));
  }

  #firstFresh(): number {
    const oldest = Date.now() - (LIFETIME_SECONDS - MINIMUM_REMAINING_SECONDS) * 1000;
    const found = this.#stock.findIndex(({ signedAtMilliseconds }) => signedAtMilliseconds > oldest);
    return found === -1 ? this.#stock.length : found;
  }
}
