import { DurableObject } from "cloudflare:workers";

/**
 * The floor: what no single-use redemption can do without. One ES256 signature verified, one durable row, one ES256
 * signature made. No client authentication, no policy, no strict reading, no record, no refusal worth the name.
 */
interface FloorEnv {
  readonly LEDGER: DurableObjectNamespace<FloorLedger>;
  readonly IDP_KEY: JsonWebKey;
  readonly SIGNING_KEY: JsonWebKey;
}

interface Claims {
  readonly jti: string;
  readonly sub: string;
  readonly exp: number;
  readonly scope: string;
}

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const encoder = new TextEncoder();
let keys: { readonly verify: CryptoKey; readonly sign: CryptoKey } | null = null;

export class FloorLedger extends DurableObject<FloorEnv> {
  readonly #sql: SqlStorage;

  constructor(context: DurableObjectState, env: FloorEnv) {
    super(context, env);
    this.#sql = context.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS consumed (jti TEXT PRIMARY KEY) WITHOUT ROWID");
  }

  consume(jti: string): boolean {
    return this.#sql.exec("INSERT INTO consumed (jti) VALUES (?) ON CONFLICT DO NOTHING", jti).rowsWritten > 0;
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    const assertion = new URLSearchParams(await request.text()).get("assertion") ?? "";
    const { verify, sign } = await importKeys(env);
    const claims = await readVerified(assertion, verify);
    if (claims === null) return Response.json({ error: "invalid_grant" }, { status: 400 });
    // As many objects as Crossgate has shards: the first digit of a random UUID.
    const isFirst = await env.LEDGER.getByName(`ledger-${claims.jti.slice(0, 1)}`).consume(claims.jti);
    if (!isFirst) return Response.json({ error: "invalid_grant" }, { status: 400 });
    const body = { access_token: await issue(claims, sign), token_type: "Bearer", expires_in: 300 };
    return Response.json(body);
  },
} satisfies ExportedHandler<FloorEnv>;

async function importKeys(env: FloorEnv): Promise<{ verify: CryptoKey; sign: CryptoKey }> {
  keys ??= {
    verify: await crypto.subtle.importKey("jwk", env.IDP_KEY, ECDSA, false, ["verify"]),
    sign: await crypto.subtle.importKey("jwk", env.SIGNING_KEY, ECDSA, false, ["sign"]),
  };
  return keys;
}

async function readVerified(assertion: string, key: CryptoKey): Promise<Claims | null> {
  const end = assertion.lastIndexOf(".");
  const signed = encoder.encode(assertion.slice(0, Math.max(end, 0)));
  const isSigned = await crypto.subtle.verify(ECDSA, key, decode(assertion.slice(end + 1)), signed);
  const [, payload = ""] = assertion.split(".");
  return isSigned ? (JSON.parse(new TextDecoder().decode(decode(payload))) as Claims) : null;
}

async function issue({ sub, scope }: Claims, key: CryptoKey): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = { iss: "floor", sub, scope, jti: crypto.randomUUID(), iat: nowSeconds, exp: nowSeconds + 300 };
  const signed = [{ typ: "at+jwt", alg: "ES256" }, claims]
    .map((part) => encode(encoder.encode(JSON.stringify(part))))
    .join(".");
  const signature = await crypto.subtle.sign(ECDSA, key, encoder.encode(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

function decode(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
