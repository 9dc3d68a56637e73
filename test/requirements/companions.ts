import { notOffered, ours, type Requirement } from "./requirement.ts";

const NO_EXCHANGE = "token exchange is the identity provider's grant; it is not offered here";
const NO_TXN = "transaction tokens are not made here; an inbound one stays behind like every header that is not named";
const GLOBAL = "global token revocation (draft)";
const NO_ENCRYPTION = "encrypted tokens are not offered: five parts are refused before anything is decrypted";

/** The RFCs and drafts that ID-JAG and MCP stand on. */
export const COMPANIONS: readonly Requirement[] = [
  ours(
    "A7521-01",
    "MUST",
    "RFC 7521 §5.2",
    "an assertion that has expired, is for others, or is not signed by whom we trust is refused",
  ),
  ours("A7521-02", "SHOULD", "RFC 7521 §4.1", "no refresh token comes of it"),
  ours("A7521-03", "MUST", "RFC 7521 §4.1", "scope in the request never exceeds the assertion's"),
  ours("A7523-01", "MUST", "RFC 7523 §3", "iss, sub, aud, exp and a signature are there"),
  ours("A7523-02", "MUST", "RFC 7523 §3", "a jti serves once"),
  ours("A7523-03", "MUST", "RFC 7523 §3.1", "grants and clients fail with different errors"),
  ours("A7523-04", "MUST", "RFC 7523 §2.2", "client_id beside a client assertion agrees with it"),
  ours("B7523-01", "MUST", "RFC 7523bis §4", "a client assertion is for our issuer identifier, alone"),
  ours("B7523-02", "note", "RFC 7523bis §4", "that rule is about clients; ID-JAG has its own for grants"),
  ours("B7523-03", "SHOULD", "RFC 7523bis §4", "its typ may be absent, and may not be another kind's"),
  ours("B7523-04", "MUST", "RFC 7523bis §4", "its audience is compared character by character"),
  notOffered(
    "B7523-05",
    { level: "note", source: "RFC 7523bis", says: "older clients name the token endpoint" },
    "no such exception is made: a client that names the token endpoint is told so in the README",
  ),
  ours("B7523-06", "MUST", "RFC 7523bis §3", "SAML assertions authenticate nobody"),
  ours(
    "PKJ-01",
    "MUST",
    "OpenID Connect Core §9",
    "iss and sub are the client, jti serves once, the key is a registered one",
  ),
  ours("PKJ-02", "MUST", "OpenID Connect Core §9", "its jti is remembered apart from an ID-JAG's"),

  notOffered("X8693-01", { level: "MUST", source: "RFC 8693 §2.1", says: "one audience is asked for" }, NO_EXCHANGE),
  notOffered("X8693-02", { level: "MUST", source: "RFC 8693 §2.2.1", says: "the answer's members" }, NO_EXCHANGE),
  ours("X8693-03", "MUST", "RFC 8693 §4.1", "the outermost actor is the actor; those within decide nothing"),
  notOffered("X8693-04", { level: "MUST", source: "RFC 8693 §2.2.2", says: "its errors" }, NO_EXCHANGE),

  ours("J8725-01", "MUST", "RFC 8725bis §3.1", "algorithms are compared exactly, and a key has one"),
  ours("J8725-02", "MUST", "RFC 8725bis §3.3", "a JWT is rejected whole when any part of it fails"),
  ours("J8725-03", "MUST", "RFC 8725bis §3.8", "keys are their issuer's, and subjects cannot be clients"),
  ours("J8725-04", "MUST", "RFC 8725bis §3.9", "aud is validated"),
  ours("J8725-05", "MUST", "RFC 8725bis §3.10", "kid is a name and no path, and URLs in headers are not followed"),
  ours("J8725-06", "MUST", "RFC 8725bis §3.11", "kinds of JWT exclude one another"),
  notOffered(
    "J8725-07",
    { level: "MUST", source: "RFC 8725bis §3", says: "decompression and key stretching are bounded" },
    NO_ENCRYPTION,
  ),

  ours("T9068-01", "MUST", "RFC 9068 §2.1", "our token's typ is at+jwt, and it is signed"),
  ours("T9068-02", "MUST", "RFC 9068 §2.2", "it has iss, exp, aud, sub, client_id, iat and jti"),
  ours("T9068-03", "MUST", "RFC 9068 §2.2.1", "auth_time, acr and amr are the sign-in's, and grow no fresher"),
  ours("T9068-04", "SHOULD", "RFC 9068 §2.2.3", "scope is there"),
  ours("T9068-05", "MUST", "RFC 9068 §4", "the gateway checks typ, iss, aud, signature and exp"),
  ours("T9068-06", "MUST", "RFC 9068 §3", "one token is for one resource"),

  ours("D8414-01", "MUST", "RFC 8414 §3", "the issuer in the metadata is the one it was asked for"),
  ours("D8414-02", "MUST", "RFC 8414 §2", "the metadata has what it must have, and announces only what is there"),
  ours("P9728-01", "MUST", "RFC 9728 §2", "a resource is an absolute URL without fragment"),
  ours("P9728-02", "MUST", "RFC 9728 §3.1", "its metadata is between host and path, and names it exactly"),
  ours("P9728-03", "MUST", "RFC 9728 §2", "tokens are taken in the header, and it says so"),
  ours("P9728-04", "MUST", "RFC 9728 §5.1", "the challenge names the metadata, in either scheme"),
  ours("P9728-05", "MUST", "RFC 9728 §7", "nothing that others' metadata name is fetched at a private address"),
  ours("R8707-01", "MUST", "RFC 8707 §2", "a resource that is unknown, relative or has a fragment is invalid_target"),

  ours("RAR-01", "MUST", "RFC 9396 §5", "details of an unknown type or shape are invalid_authorization_details"),
  ours("RAR-02", "MUST", "RFC 9396 §7", "the answer and the token say what was granted of them"),
  ours("RAR-03", "SHOULD", "RFC 9396 §10", "metadata lists the types that are handled"),

  ours(
    "DP-01",
    "MUST",
    "RFC 9449 §4.3",
    "a proof is one header, one kind of JWT, by the public key in it, about this request",
  ),
  ours("DP-02", "MUST", "RFC 9449 §4.3", "its URL is compared after normalization, it is fresh, and serves once"),
  ours("DP-03", "MUST", "RFC 9449 §5", "a bound token says so; a bad proof and a missing nonce have their errors"),
  ours("DP-04", "MUST", "RFC 9449 §7", "a bound token is no bearer token, and the challenge says DPoP"),
  ours("DP-05", "MUST", "RFC 9449 §5.2", "a client that promised proofs gets no token without"),
  ours("DP-06", "MUST", "RFC 9449 §4.3", "htu is the public URL, whatever a proxy's header says"),
  notOffered(
    "DP-07",
    { level: "MUST", source: "MCP DPoP extension (draft)", says: "proofs to MCP servers carry a digest of the body" },
    "the extension is a draft that no client here speaks; proofs are as RFC 9449 has them",
  ),

  ours("RV-01", "MUST", "RFC 7009 §2", "a client revokes its own tokens, and learns nothing of others'"),
  ours("IN-01", "MUST", "RFC 7662 §2", "who may ask is told about its own tokens, and of no other's"),
  ours("IN-02", "SHOULD", "RFC 9701 §5", "in a signed answer, where it asks for one"),
  ours("SU-01", "MUST", "RFC 9470 §3", "a weak sign-in is told as such, with what would do"),
  ours("SU-02", "MUST", "RFC 9470 §6", "what is not known of a sign-in does not satisfy"),
  ours("SU-03", "MUST", "RFC 9470", "an old sign-in stays old, whatever token it comes in"),

  ours("CIMD-01", "MUST", "CIMD §3", "the URL is https, with a path, without user, fragment or dot segments"),
  ours("CIMD-02", "MUST", "CIMD §3", "it is compared as it is spelt"),
  ours("CIMD-03", "MUST", "CIMD §4", "the document names the URL that it was fetched from"),
  ours("CIMD-04", "MUST", "CIMD §4", "200 and JSON, nothing else, and no redirect"),
  ours("CIMD-05", "MUST", "CIMD §4.1", "a document with a secret or a private key is refused"),
  ours("CIMD-06", "MUST", "CIMD §8.2", "a client that says private_key_jwt uses it"),
  ours("CIMD-07", "note", "CIMD §4.2", "redirect URIs do not matter to this grant"),
  ours("CIMD-08", "SHOULD", "CIMD §7.2", "documents may be registered beforehand"),
  ours("CIMD-09", "MUST", "CIMD §5.2", "errors and bad documents are not cached"),
  ours("CIMD-10", "MUST", "CIMD §8.6", "neither the document nor a URL in it is fetched at a special address"),
  ours("CIMD-11", "SHOULD", "CIMD §8.6", "5 KiB are read, and no more"),
  ours("CIMD-12", "SHOULD", "CIMD §7.1", "no name that we make looks like such a URL"),
  ours("CIMD-13", "MUST", "CIMD §6", "our metadata says that they are supported"),
  ours("CIMD-14", "note", "CIMD §8.4", "a client's keys may change"),

  ours("CHN-01", "MUST", "identity chaining §2.4", "RFC 7523 holds, and a subject that cannot be told is refused"),
  notOffered(
    "CHN-02",
    { level: "MUST", source: "identity chaining §2.3", says: "the authorization server is no resource" },
    "an MCP server may stand at our own origin and have our identifier; otherwise it is as unknown as any other",
  ),
  notOffered(
    "TXN-01",
    { level: "MUST", source: "transaction tokens", says: "they stay in their trust domain" },
    NO_TXN,
  ),

  ours("SSF-01", "MUST", "RFC 8935 §2", "a pushed event is taken with 202, or refused with a named error"),
  ours("SSF-02", "MUST", "SSF 1.0 §4", "it is a secevent+jwt of its stream, for us, once"),
  ours("SSF-03", "MUST", "CAEP interoperability profile", "events come by push and by poll, about addresses too"),
  ours("SSF-04", "MUST", "CAEP, RISC", "sign-outs, disabled accounts and changed credentials take effect"),
  ours("SSF-05", "MUST", "SSF 1.0 §3", "a complex subject is taken whole, or not at all"),
  ours("SSF-06", "MUST", "SSF 1.0", "late and reordered events undo nothing"),
  ours("GTR-01", "MUST", GLOBAL, "a request names one subject, by a caller who has proved who he is"),
  ours("GTR-02", "MUST", GLOBAL, "all that a subject has is dead until it signs in anew"),
  ours("GTR-03", "note", GLOBAL, "its statuses"),
  ours("GTR-04", "MUST", GLOBAL, "metadata names it"),
  ours("GTR-05", "SHOULD", GLOBAL, "each its own users, and for nothing else"),
];
