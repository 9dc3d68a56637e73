import { advisory, type Advisory, notOurs } from "./advisory.ts";

const KEYCLOAK = "Keycloak";
const WORKERS = "workers-oauth-provider";

/** Of software that issues tokens. */
export const AUTHORIZATION_SERVERS: readonly Advisory[] = [
  advisory(
    "CVE-2026-11800",
    KEYCLOAK,
    "algorithm confusion in the JWT authorization grant forged assertions for anybody",
  ),
  advisory("CVE-2026-1486", KEYCLOAK, "a disabled identity provider could still be used with the JWT grant"),
  advisory("CVE-2026-1609", KEYCLOAK, "a disabled user still got tokens"),
  advisory("CVE-2026-79652", KEYCLOAK, "the JWT grant skipped the consent that was required"),
  advisory("CVE-2026-9704", KEYCLOAK, "a parameter that was dropped in silence changed what was granted"),
  advisory("CVE-2026-16093", KEYCLOAK, "an unsigned assertion satisfied a policy that demanded a signed one"),
  advisory("CVE-2026-4282", KEYCLOAK, "features shared one store of what had been used: forged codes"),
  advisory("CVE-2026-4325", KEYCLOAK, "features shared one store of what had been used: entries deleted, replays"),
  advisory("keycloak#49215", KEYCLOAK, "a jti without its issuer, written before the signature was checked"),
  advisory("keycloak#50193", KEYCLOAK, "another form of key opened a replay while an upgrade was under way"),
  advisory("CVE-2026-1180", KEYCLOAK, "server-side request forgery by jwks_uri"),
  advisory("CVE-2026-4366", KEYCLOAK, "server-side request forgery by redirects"),
  notOurs(
    { id: "CVE-2026-1518", where: KEYCLOAK, wentWrong: "server-side request forgery by a notification endpoint" },
    "clients register no endpoint that is called",
  ),
  notOurs(
    { id: "CVE-2026-4874", where: KEYCLOAK, wentWrong: "server-side request forgery by the host of a stored client" },
    "clients register no host that is called; their documents are fetched from origins that an administrator allows",
  ),
  advisory("CVE-2026-4630", KEYCLOAK, "one resource server read what was another's"),
  advisory("CVE-2026-37979", KEYCLOAK, "introspection did not look at the audience"),
  advisory("CVE-2026-7507", KEYCLOAK, "a session that the attacker had fixed was taken over by its victim"),
  advisory("CVE-2026-15571", KEYCLOAK, "a hash that could be predicted guarded the linking of accounts"),
  advisory("CVE-2026-15572", KEYCLOAK, "an update did not validate what a creation did"),
  advisory("CVE-2026-16103", KEYCLOAK, "what was checked at the start was not checked again at redemption"),
  advisory("CVE-2025-4143", WORKERS, "redirect_uri was not checked at the authorization endpoint"),
  notOurs(
    { id: "CVE-2025-4144", where: WORKERS, wentWrong: "PKCE could be left out" },
    "nobody gets an authorization code here, and those that we redeem elsewhere always go with PKCE",
  ),
  advisory(
    "workers-oauth-provider@0.10",
    WORKERS,
    "several audiences, and ignored cnf and authorization_details, passed",
  ),
  advisory(
    "hydra#3p3g",
    "Ory Hydra GHSA-3p3g-vpw6-4w66, esignet, ThunderID, Abblix, vouch",
    "client assertions could be replayed until the insert was atomic",
  ),
  advisory(
    "sentry#106342",
    "Sentry, an Azure sample, ThunderID",
    "used identifiers were forgotten before the assertion ended",
  ),
  advisory("gram#6413", "gram", "one budget of key fetches for all issuers"),
  advisory("harper#2173", "Harper", "one event recorded twice, a cleared cache filled again"),
  advisory("authplane@0.1.2", "AuthPlane", "absent exp and iat accepted"),
  advisory("authelia#7790", "Authelia", "one request consumed its jti twice"),
  advisory(
    "CVE-2025-27370",
    "OpenID, OAuth private_key_jwt",
    "an assertion for one server was led to another by its audience",
  ),
  advisory("CVE-2025-27371", "OAuth, RFC 7523", "an assertion for one server was led to another by its audience"),
];
