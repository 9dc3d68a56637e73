import { describe, expect, it } from "vitest";
import { findPreset } from "../../../cli/idp/presets.ts";

const ENTRA = "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490";

describe("findPreset", () => {
  it.each([
    ["okta", "https://acme.okta.com", "https://acme.okta.com/oauth2/v1/keys"],
    ["auth0", "https://acme.eu.auth0.com/", "https://acme.eu.auth0.com/.well-known/jwks.json"],
    ["entra", `${ENTRA}/v2.0`, `${ENTRA}/discovery/v2.0/keys`],
    [
      "keycloak",
      "https://sso.acme.example/realms/acme",
      "https://sso.acme.example/realms/acme/protocol/openid-connect/certs",
    ],
    ["google", "https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs"],
  ])("%s: knows the issuer and its key set", (name, issuer, jwksUri) => {
    const preset = findPreset(name);
    expect(preset?.issuer.test(issuer)).toBe(true);
    expect(preset?.jwksUri(issuer)).toBe(jwksUri);
  });

  it.each([
    ["okta", "https://acme.okta.com/"],
    ["okta", "https://acme.okta.com.evil.example"],
    ["auth0", "https://acme.auth0.com"],
    ["entra", "https://login.microsoftonline.com/common/v2.0"],
    ["google", "https://accounts.google.com/"],
  ])("%s: does not know %s", (name, issuer) => {
    expect(findPreset(name)?.issuer.test(issuer)).toBe(false);
  });

  // Trust without ID-JAGs to redeem is a document that surprises its author.
  it.each([
    ["okta", "issued"],
    ["auth0", "not_documented"],
    ["entra", "not_documented"],
    ["keycloak", "by_extension"],
    ["google", "not_documented"],
  ])("%s: says in so many words whether it issues ID-JAGs (%s)", (name, idJags) => {
    const preset = findPreset(name);
    expect(preset?.idJags).toBe(idJags);
    expect(preset?.notes.join(" ")).toContain("ID-JAGs");
  });

  it("has no preset by a name of the language itself", () => {
    expect(findPreset("toString")).toBeNull();
  });
});
