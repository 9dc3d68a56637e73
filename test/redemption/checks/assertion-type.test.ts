import { base64url } from "jose";
import { describe, expect, it } from "vitest";
import { parseCompactJws } from "../../../src/jwt/compact-jws.ts";
import { assertionType } from "../../../src/redemption/checks/assertion-type.ts";
import { reasonOf } from "../../support/redemption.ts";

function jwsOfType(typ: string | undefined) {
  const header = base64url.encode(JSON.stringify({ alg: "ES256", typ }));
  return parseCompactJws(`${header}.${base64url.encode("{}")}.AAAA`, "forbidden");
}

describe("assertion_type", () => {
  it.each(["oauth-id-jag+jwt", "application/oauth-id-jag+jwt", "OAUTH-ID-JAG+JWT", "Application/OAuth-ID-JAG+jwt"])(
    "accepts %s: media types compare without case, with or without application/ (RFC 7515 §4.1.9) [JAG-C-03]",
    async (typ) => {
      expect(await reasonOf(() => assertionType({ jws: jwsOfType(typ) }))).toBe("accepted");
    },
  );

  it.each([
    undefined,
    "JWT",
    "jwt",
    "at+jwt",
    "application/at+jwt",
    "dpop+jwt",
    "secevent+jwt",
    "logout+jwt",
    "client-authentication+jwt",
    "oauth-id-jag",
    "id-jag+jwt",
    "oauth-id-jag+jwt ",
    "oauth-id-jag+jwt;v=1",
    "text/oauth-id-jag+jwt",
    "application/application/oauth-id-jag+jwt",
    "application/x/oauth-id-jag+jwt",
    "oauth-ıd-jag+jwt",
    "oauth-İd-jag+jwt",
    "oauth-id-jag+jwt\u200d",
    "ｏauth-id-jag+jwt",
  ])("refuses %o: no other kind of JWT is an ID-JAG (RFC 8725 §3.11) [JAG-C-02, JAG-R-15, J8725-06]", async (typ) => {
    expect(await reasonOf(() => assertionType({ jws: jwsOfType(typ) }))).toBe("assertion_type");
  });
});
