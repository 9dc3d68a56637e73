import { generateKeyPair, jwtVerify } from "jose";
import { expect, it } from "vitest";
import { signJwt } from "../../src/jwt/sign.ts";

it("signs what another library verifies, header and claims as given", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const claims = { iss: "https://issuer.example", sub: "ü \u2028", n: 1 };
  const { protectedHeader, payload } = await jwtVerify(
    await signJwt("at+jwt", claims, { kid: "1", key: privateKey }),
    publicKey,
  );
  expect(protectedHeader).toEqual({ typ: "at+jwt", alg: "ES256", kid: "1" });
  expect(payload).toEqual(claims);
});
