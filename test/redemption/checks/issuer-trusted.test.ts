import { describe, expect, it, vi } from "vitest";
import type { Json } from "../../../src/jwt/strict-json.ts";
import { issuerTrusted } from "../../../src/redemption/checks/issuer-trusted.ts";
import { Passed } from "../../../src/redemption/passed.ts";
import type { TrustedIdp } from "../../../src/trust/trusted-idp.ts";
import { CROSSGATE, IDP } from "../../support/documents.ts";
import { makeIdp, reasonOf } from "../../support/redemption.ts";

function jwsBy(iss: Json | undefined): Parameters<typeof issuerTrusted>[0] {
  return {
    typeChecked: new Passed("assertion_type"),
    assertionType: "id-jag",
    jws: {
      token: "",
      header: { typ: null, alg: "ES256", kid: null, jwk: null },
      unverified: { iss },
      signature: new Uint8Array(),
    },
  };
}

function answering(document: TrustedIdp | null) {
  const findIdp = vi.fn(async () => (document === null ? null : { document, revision: "revision-1" }));
  return { issuer: CROSSGATE, findIdp };
}

describe("issuer_trusted", () => {
  it("gives the record of the issuer and its revision", async () => {
    const idp = makeIdp();
    const uses = answering(idp);
    expect(await issuerTrusted(jwsBy(IDP), uses)).toEqual({ idp, idpRevision: "revision-1" });
    expect(uses.findIdp).toHaveBeenCalledWith(IDP);
  });

  it("refuses an issuer that no administrator wrote down [JAG-R-01]", async () => {
    expect(await reasonOf(() => issuerTrusted(jwsBy(IDP), answering(null)))).toBe("issuer_not_trusted");
  });

  it("refuses a disabled issuer (CVE-2026-1486)", async () => {
    const uses = answering(makeIdp({ enabled: false }));
    expect(await reasonOf(() => issuerTrusted(jwsBy(IDP), uses))).toBe("issuer_disabled");
  });

  it("refuses a kind of assertion that the record does not list", async () => {
    const uses = answering(makeIdp({ assertion_types: [] }));
    expect(await reasonOf(() => issuerTrusted(jwsBy(IDP), uses))).toBe("assertion_type_not_accepted");
    expect(() => makeIdp({ assertion_types: ["id-jag", "jwt"] })).toThrow("assertion_types");
  });

  it("refuses a record that names another issuer than the one asked for (mix-up)", async () => {
    expect(await reasonOf(() => issuerTrusted(jwsBy(`${IDP}/`), answering(makeIdp())))).toBe("issuer_not_trusted");
  });

  it("never takes us for an identity provider (ID-JAG §9.3) [JAG-I-34]", async () => {
    const uses = answering({ ...makeIdp(), issuer: CROSSGATE });
    expect(await reasonOf(() => issuerTrusted(jwsBy(CROSSGATE), uses))).toBe("issuer_not_trusted");
    expect(uses.findIdp).not.toHaveBeenCalled();
  });

  it.each<[string, Json | undefined]>([
    ["absent", undefined],
    ["null", null],
    ["empty", ""],
    ["a number", 1],
    ["a list of one", [IDP]],
    ["an object", { iss: IDP }],
    ["longer than a URL may be", `${IDP}/${"a".repeat(2048)}`],
    ["a lone surrogate", `${IDP}/\ud800`],
  ])("refuses an iss that is %s without a look into trust", async (_what, iss) => {
    const uses = answering(makeIdp());
    expect(await reasonOf(() => issuerTrusted(jwsBy(iss), uses))).toBe("issuer_not_trusted");
    expect(uses.findIdp).not.toHaveBeenCalled();
  });
});
