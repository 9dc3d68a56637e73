import { advisory, type Advisory } from "./advisory.ts";

/** Of libraries that read and verify JSON Web Tokens. */
export const TOKEN_LIBRARIES: readonly Advisory[] = [
  advisory("CVE-2026-22817", "hono", "the token chose its algorithm where the key stated none"),
  advisory("CVE-2026-22818", "hono", "the token chose its algorithm where the key set stated none"),
  advisory("CVE-2025-62610", "hono", "the audience was not looked at"),
  advisory("CVE-2026-47673", "hono", "a token under any scheme of Authorization was taken"),
  advisory("CVE-2024-28176", "jose", "an encrypted token unfolded to gigabytes"),
  advisory("CVE-2026-34986", "go-jose", "a crafted encrypted token made the reader fail"),
  advisory("CVE-2025-45767", "jose", "keys of any size were taken"),
  advisory("CVE-2026-29000", "pac4j", "an unsigned token within an encrypted one skipped the signature"),
  advisory("CVE-2026-27962", "authlib", "the key in the token's own header was trusted"),
  advisory("CVE-2026-34240", "jose for Dart", "the key in the token's own header was trusted"),
  advisory("CVE-2025-59420", "authlib", "unknown critical members were accepted"),
  advisory("GHSA-752w-5fwx-jx9f", "PyJWT", "unknown critical members were accepted"),
  advisory("CVE-2026-34950", "fast-jwt", "a public key with white space before it passed for an HMAC secret"),
  advisory("CVE-2026-44351", "fast-jwt", "a public key passed for an HMAC secret once more"),
  advisory("GHSA-rp9m-7r4c-75qg", "fast-jwt", "two tokens with one key in the cache: the claims of another user"),
  advisory("CVE-2026-45363", "ruby-jwt", "an HMAC under the empty key verified"),
  advisory("CVE-2025-65945", "node-jws", "the secret of an HMAC was looked up by what the token said"),
  advisory("CVE-2026-4599", "jsrsasign", "biased nonces gave the signing key away"),
  advisory("CVE-2026-42280", "auth0.js", "an HS256 token was read as though it had been verified"),
  advisory("CVE-2026-0265", "PAN-OS CAS", "one key was both a public key and a secret"),
  advisory("CVE-2022-21449", "Java", "a signature of noughts verified for every text"),
  advisory("fastmcp#4483", "FastMCP", "a jti that is a list ended in a server error"),
];
