import { describe, expect, it } from "vitest";
import { signedInUri } from "../../../src/connect/redirect-uri.ts";
import { runCrossgate } from "../run-crossgate.ts";

const CROSSGATE = "https://mcp.example.com";
const PROVIDER = "https://acme.okta.example";

describe("crossgate idp sign-in", () => {
  it("prints the redirect URI that this provider alone sends people back to, and where the keys are", async () => {
    const told = await runCrossgate(["idp", "sign-in", PROVIDER, "--crossgate", CROSSGATE]);
    expect(told.code).toBe(0);
    const redirectUri = await signedInUri(PROVIDER, CROSSGATE);
    expect(told.stdout).toBe(`redirect URI  ${redirectUri}\nkeys          ${CROSSGATE}/jwks\n`);
    const asJson = await runCrossgate(["idp", "sign-in", PROVIDER, "--crossgate", CROSSGATE, "--json"]);
    expect(JSON.parse(asJson.stdout)).toEqual({ redirect_uri: redirectUri, jwks_uri: `${CROSSGATE}/jwks` });
  });

  it("takes a Crossgate on this machine by --local, and no issuer with a slash at its end", async () => {
    const local = await runCrossgate(["idp", "sign-in", PROVIDER, "--local"]);
    expect(local.stdout).toContain("http://127.0.0.1:8787/connect/signed-in/");
    const wrong = await runCrossgate(["idp", "sign-in", PROVIDER, "--crossgate", `${CROSSGATE}/`]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    const surplus = await runCrossgate(["idp", "sign-in", PROVIDER, "config", "--local"]);
    expect(surplus).toMatchObject({ code: 2, stdout: "" });
  });
});
