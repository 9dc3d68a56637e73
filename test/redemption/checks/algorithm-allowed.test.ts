import { describe, expect, it } from "vitest";
import type { UnverifiedJws } from "../../../src/jwt/compact-jws.ts";
import { ALGORITHMS } from "../../../src/jwt/json-web-key.ts";
import { algorithmAllowed } from "../../../src/redemption/checks/algorithm-allowed.ts";
import { makeIdp, reasonOf } from "../../support/redemption.ts";

function jwsBy(alg: string): UnverifiedJws {
  return { token: "", header: { typ: null, alg, kid: null, jwk: null }, unverified: {}, signature: new Uint8Array() };
}

describe("algorithm_allowed", () => {
  it.each(ALGORITHMS)("accepts %s where the issuer's record allows it", (alg) => {
    expect(algorithmAllowed({ jws: jwsBy(alg), idp: makeIdp({ algorithms: [alg] }) })).toEqual({ algorithm: alg });
  });

  it.each(ALGORITHMS)("refuses %s where the issuer's record allows others [JAG-R-03, J8725-01]", async (alg) => {
    const idp = makeIdp({ algorithms: ALGORITHMS.filter((other) => other !== alg) });
    expect(await reasonOf(() => algorithmAllowed({ jws: jwsBy(alg), idp }))).toBe("algorithm_not_allowed");
  });

  it.each(["none", "HS256", "es256", "ES256 ", "ES256K", "ES512", "RS384", "PBES2-HS256+A128KW", "constructor"])(
    "refuses %s whatever the record says",
    async (alg) => {
      const idp = makeIdp({ algorithms: [...ALGORITHMS] });
      expect(await reasonOf(() => algorithmAllowed({ jws: jwsBy(alg), idp }))).toBe("algorithm_not_allowed");
    },
  );

  it("allows ES256 and RS256 where the record says nothing", () => {
    expect(makeIdp({ algorithms: undefined }).algorithms).toEqual(["ES256", "RS256"]);
  });
});
