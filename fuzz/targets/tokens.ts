import { generateKeyPairSync, sign } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "../../src/jwt/base64url.ts";
import { MalformedJws, parseCompactJws } from "../../src/jwt/compact-jws.ts";
import { readVerificationKey, type VerificationKey } from "../../src/jwt/json-web-key.ts";
import { claimsWellFormed } from "../../src/redemption/checks/claims-well-formed.ts";
import { findWindow } from "../../src/redemption/acceptance-window.ts";
import { Rejected } from "../../src/redemption/rejection.ts";
import { SignalRejected } from "../../src/signals/rejection.ts";
import { verifySecurityEvent } from "../../src/signals/security-event.ts";
import { resolveSubject } from "../../src/signals/subject.ts";
import type { TransmitterDirectory } from "../../src/signals/transmitter.ts";
import { fenceOf } from "../../src/signals/effect.ts";
import { AmbiguousJson, parseStrictObject } from "../../src/jwt/strict-json.ts";
import { parseTrustDocument } from "../../src/trust/documents.ts";
import { hold, orRefused, type Target, toText } from "../target.ts";

const ISSUER = "https://crossgate.example";
const IDP = "https://idp.example.com";
const NOW_SECONDS = 1_795_000_000;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

function verificationKey(): VerificationKey {
  const key = readVerificationKey({ ...publicKey.export({ format: "jwk" }), kid: "k" });
  if (typeof key === "string") throw new TypeError(key);
  return key;
}

const KEY = verificationKey();
const IDP_DOCUMENT = parseTrustDocument(
  "idp",
  {
    name: IDP,
    text: JSON.stringify({
      issuer: IDP,
      name: "IdP",
      organization: "acme",
      key_set: { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256" }] },
      algorithms: ["ES256"],
      groups_claim: "groups",
      email_domains: ["acme.example"],
      signals: {},
    }),
  },
  { ownHost: "crossgate.example", allowsLoopback: false },
);

const PARTS = "\n";

/** Up to the first line end a header, then claims, as JSON; text without one is a token as it stands. */
function toToken(input: Uint8Array): string {
  const text = toText(input);
  const at = text.indexOf(PARTS);
  if (at === -1) return text;
  return [text.slice(0, at), text.slice(at + 1), "signature"]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");
}

export const ASSERTION: Target = {
  name: "assertion",
  promises: "A token is read strictly or not at all, has one spelling, and chooses no key of its own.",
  words: [
    '"alg":"ES256"',
    '"alg":"none"',
    '"typ":"oauth-id-jag+jwt"',
    '"jwk":{}',
    '"crit":[]',
    '"kid":"k"',
    ".",
    "e30",
    PARTS,
    '"zip":"DEF"',
    "application/",
  ],
  seeds: [
    '{"alg":"ES256","typ":"oauth-id-jag+jwt","kid":"k"}\n{"iss":"https://idp.example.com"}',
    "e30.e30.AA",
    '{"alg":"ES256","jwk":{"kty":"EC"}}\n{}',
  ],
  run(input) {
    const token = toToken(input);
    for (const embeddedKey of ["forbidden", "required"] as const) {
      const jws = orRefused(MalformedJws, () => parseCompactJws(token, embeddedKey));
      if (jws === null) continue;
      const parts = token.split(".");
      hold(parts.length === 3, "a token has three parts");
      hold(
        parts.every((part) => encodeBase64url(decodeBase64url(part) ?? new Uint8Array()) === part),
        "a token has one spelling",
      );
      hold((jws.header.jwk === null) === (embeddedKey === "forbidden"), "a key stands only where it must");
      hold(jws.token === token, "the token is the one that was given");
    }
  },
};

export const CLAIMS: Target = {
  name: "claims",
  promises:
    "Claims are each of their own type, or refused; and a window is never open for longer than it is remembered.",
  words: [
    '"iss":',
    '"sub":',
    '"aud":',
    '"jti":',
    '"exp":',
    '"iat":',
    '"nbf":',
    '"scope":',
    '"resource":',
    '"act":{"sub":"a"}',
    '"cnf":{"jkt":"',
    '"amr":["pwd"]',
    '"auth_time":',
    '"groups":["g"]',
    '"email":"a@acme.example"',
    '"email_verified":true',
    "1795000000",
  ],
  seeds: [
    `{"iss":"${IDP}","sub":"u","aud":"${ISSUER}","client_id":"c","jti":"j","iat":1795000000,"exp":1795000300,"scope":"a b","resource":"https://r"}`,
    `{"iss":"${IDP}","sub":"u","aud":["x"],"client_id":"c","jti":"j","iat":1795000000,"exp":1795000300,"nbf":1,"act":{"sub":"a","act":{"sub":"b"}},"amr":["pwd"],"acr":"1","auth_time":1,"cnf":{"jkt":"${"A".repeat(43)}"},"groups":["g"],"email":"a@acme.example"}`,
  ],
  async run(input) {
    const claims = orRefused(AmbiguousJson, () => parseStrictObject(toText(input)));
    if (claims === null) return;
    const idJag = await claimsWellFormed({ claims, idp: IDP_DOCUMENT })
      .then((known) => known.idJag)
      .catch((error: unknown) => {
        if (error instanceof Rejected) return null;
        throw error;
      });
    if (idJag === null) return;
    const texts = [idJag.issuer, idJag.sub, idJag.jti, idJag.clientId, ...idJag.assertionAudience, ...idJag.groups];
    hold(
      texts.every((text) => typeof text === "string"),
      "names are texts",
    );
    const rules = { clockToleranceSeconds: 30, maximumLifetimeSeconds: 300 };
    const window = findWindow(idJag, NOW_SECONDS, rules);
    if (typeof window === "string") return;
    hold(
      window.acceptedUntilSeconds > NOW_SECONDS && window.acceptedUntilSeconds <= NOW_SECONDS + 360,
      "a window is short",
    );
    hold(window.retainUntilSeconds >= window.acceptedUntilSeconds + 90, "it is remembered for longer than it is open");
  },
};

const DIRECTORY: TransmitterDirectory = {
  issuer: ISSUER,
  findIdp: async (issuer) => (issuer === IDP ? { document: IDP_DOCUMENT } : null),
  findKey: async () => KEY,
  isRevoked: async () => false,
};

function signed(payload: string): string {
  const header = Buffer.from('{"alg":"ES256","typ":"secevent+jwt","kid":"k"}').toString("base64url");
  const text = `${header}.${Buffer.from(payload).toString("base64url")}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

const RISC = "https://schemas.openid.net/secevent/risc/event-type/";
const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";

export const SECURITY_EVENT: Target = {
  name: "security-event",
  promises: "What a provider signs about its users reaches nobody else's, and is no word of the far future.",
  words: [
    `${RISC}account-disabled`,
    `${RISC}account-purged`,
    `${CAEP}session-revoked`,
    `${CAEP}credential-change`,
    '"event_timestamp":',
    '"sub_id":',
    '"format":"iss_sub"',
    '"format":"opaque"',
    '"format":"complex"',
    '"user":',
    '"tenant":',
    '"toe":',
    '"change_type":"create"',
    IDP,
  ],
  seeds: [
    `{"iss":"${IDP}","aud":"${ISSUER}","jti":"1","iat":1795000000,"sub_id":{"format":"iss_sub","iss":"${IDP}","sub":"u"},"events":{"${RISC}account-disabled":{}}}`,
    `{"iss":"${IDP}","aud":["${ISSUER}"],"jti":"1","iat":1795000000,"toe":1794999999,"sub_id":{"format":"complex","user":{"format":"opaque","id":"u"},"tenant":{"format":"opaque","id":"t"}},"events":{"${CAEP}session-revoked":{"event_timestamp":1795000000}}}`,
  ],
  async run(input) {
    try {
      const event = await verifySecurityEvent(signed(toText(input)), NOW_SECONDS * 1000, DIRECTORY);
      hold(event.atMilliseconds <= (NOW_SECONDS + 60) * 1000, "an event is not of the future");
      const subject = await resolveSubject(event.subjectId, event.idp, { findAccountByEmail: async () => null });
      if (typeof subject === "string") return;
      hold(subject.fence.startsWith(`subject:[${JSON.stringify(IDP)},`), "a provider speaks of its own users");
      const fence = fenceOf(subject.fence, event);
      hold(fence === null || fence.notBeforeMilliseconds <= event.atMilliseconds, "a fence is as old as its event");
    } catch (error) {
      if (!(error instanceof SignalRejected)) throw error;
    }
  },
};
