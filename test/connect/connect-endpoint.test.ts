import { describe, expect, it } from "vitest";
import { Outage } from "../../src/audit/reason.ts";
import { signedInUri } from "../../src/connect/redirect-uri.ts";
import { CLIENT, CROSSGATE, IDP, RESOURCE } from "../support/documents.ts";
import { answerTo, AUTHORIZATION_CODE, ConnectWorld, UPSTREAM_ISSUER, Visitor } from "../support/connect.ts";
import { formOf } from "../support/scripted-egress.ts";

describe("connecting an account", () => {
  it("signs the person in, asks, sends them to the server, and keeps what they granted for them alone", async () => {
    const world = await ConnectWorld.start();
    const ada = new Visitor(world);
    const sent = await ada.open(await world.linkFor("ada"));
    expect(sent.status).toBe(303);
    const signIn = new URL(sent.headers.get("location") ?? "");
    expect(signIn.origin + signIn.pathname).toBe(`${IDP}/authorize`);
    expect(Object.fromEntries(signIn.searchParams)).toMatchObject({
      response_type: "code",
      code_challenge_method: "S256",
      redirect_uri: await signedInUri(IDP, CROSSGATE),
      scope: "openid email",
    });

    const back = await ada.open(world.signInAt(signIn.href, "ada"));
    expect([back.status, back.headers.get("location")]).toEqual([303, "/connect/review"]);
    const page = await (await ada.open("/connect/review")).text();
    for (const shown of [
      "Connect Files?",
      RESOURCE,
      "Example &lt;agent&gt;",
      CLIENT,
      "ada@acme.example",
      "acme",
      "files.read",
      "as.files.example.net",
    ]) {
      expect(page).toContain(shown);
    }
    expect(world.granted).toEqual([]);

    const authorize = new URL(await ada.agree());
    expect(authorize.origin + authorize.pathname).toBe(`${UPSTREAM_ISSUER}/authorize`);
    expect(Object.fromEntries(authorize.searchParams)).toMatchObject({
      client_id: "crossgate-at-files",
      scope: "files.read files.write",
      resource: "https://files.example.net/mcp",
      code_challenge_method: "S256",
    });
    const done = await ada.open(answerTo(authorize.href, { code: "code-1", iss: UPSTREAM_ISSUER }));
    expect([done.status, done.headers.get("location")]).toEqual([303, "/connect/done"]);
    expect(await (await ada.open("/connect/done")).text()).toContain("<strong>Files</strong> is connected");

    expect(world.granted).toMatchObject([
      {
        person: { sub: "ada", organization: "acme" },
        resource: RESOURCE,
        grant: {
          authorization_server: UPSTREAM_ISSUER,
          client: { client_id: "crossgate-at-files", method: "none", secret: null },
          subject: null,
          upstream: "https://files.example.net/mcp",
          token: "at-files",
          refresh_token: "rt-files",
        },
      },
    ]);
    expect(formOf(world.requests.at(-1))).toMatchObject({
      grant_type: "authorization_code",
      code: "code-1",
      resource: "https://files.example.net/mcp",
      redirect_uri: authorize.searchParams.get("redirect_uri"),
    });
    expect(world.events).toMatchObject([
      { type: "connection", decision: "granted", subject: "ada", client_id: CLIENT, resource: RESOURCE },
    ]);
  });

  it("proves with PKCE that who redeems the code is who asked for it", async () => {
    const world = await ConnectWorld.start();
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const authorize = await ada.agree();
    await ada.open(answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER }));
    const verifier = formOf(world.requests.at(-1))["code_verifier"] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    const challenge = new Uint8Array(digest).toBase64({ alphabet: "base64url", omitPadding: true });
    expect(new URL(authorize).searchParams.get("code_challenge")).toBe(challenge);
  });

  it("goes to no server that knows us by our document and does not say who it is (RFC 9207)", async () => {
    const credential = { ...AUTHORIZATION_CODE, client: { kind: "metadata_document" } };
    const upstream = { authorization_response_iss_parameter_supported: false };
    const world = await ConnectWorld.start({ resource: { upstream_credential: credential }, upstream });
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const ended = await ada.submit({ csrf: await ada.csrf(), answer: "connect" });
    expect(ended.status).not.toBe(200);
    expect(world.events).toMatchObject([{ reason: "connect_authorization_server_unfit" }]);
    expect(world.granted).toEqual([]);
  });

  it("asks the provider for what outlives the session only of who has agreed to lend it", async () => {
    const xaa = {
      type: "xaa",
      idp: IDP,
      idp_client: { client_id: "crossgate-at-the-idp", method: "client_secret_post", secret: "idp-client" },
      authorization_server: "https://as.files.example",
      client: { client_id: "c", method: "client_secret_post", secret: "files" },
    };
    const world = await ConnectWorld.start({ resource: { upstream_credential: xaa } });
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    expect(world.lent).toEqual([]);
    const again = await ada.agree();
    expect(Object.fromEntries(new URL(again).searchParams)).toMatchObject({
      scope: "openid email offline_access",
      prompt: "consent",
    });
    const done = await ada.open(world.signInAt(again, "ada"));
    expect(done.headers.get("location")).toBe("/connect/done");
    expect(world.lent).toMatchObject([
      {
        person: { sub: "ada" },
        identity: {
          authorization_server: IDP,
          client: { client_id: "crossgate-at-the-idp", secret: "idp-client" },
          subject: "ada",
          refresh_token: "rt-idp",
        },
      },
    ]);
    expect(world.granted).toEqual([]);
    world.answers.isRevokedByNow = true;
    await ada.signIn(await world.linkFor("ada"), "ada");
    await ada.open(world.signInAt(await ada.agree(), "ada"));
    expect(world.lent).toHaveLength(1);
    expect(world.events.at(-1)).toMatchObject({ reason: "connect_revoked" });
  });

  it("ends where the person says no", async () => {
    const world = await ConnectWorld.start();
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const ended = await ada.submit({ csrf: await ada.csrf(), answer: "decline" });
    expect(await ended.text()).toContain("You chose not to connect");
    expect(ended.headers.get("set-cookie")).toContain("Max-Age=0");
    expect(world.events).toMatchObject([{ type: "connection", decision: "refused", reason: "connect_declined" }]);
  });

  it("tells an outage from a refusal, and keeps nothing then", async () => {
    const world = await ConnectWorld.start();
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const authorize = await ada.agree();
    world.answers.failing = new Outage("vault_unavailable");
    const ended = await ada.open(answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER }));
    expect(ended.status).toBe(503);
    expect(ended.headers.get("retry-after")).not.toBeNull();
    expect(world.events.at(-1)).toMatchObject({ decision: "failed", reason: "vault_unavailable" });
  });

  it("keeps nothing for who was stopped between the last look and the keeping, nor while that cannot be known", async () => {
    for (const [said, status, ended] of [
      [true, 403, { decision: "refused", reason: "connect_revoked" }],
      [new Outage("revocations_unavailable"), 503, { decision: "failed", reason: "revocations_unavailable" }],
    ] as const) {
      const world = await ConnectWorld.start();
      const ada = new Visitor(world);
      await ada.signIn(await world.linkFor("ada"), "ada");
      const authorize = await ada.agree();
      world.answers.isRevokedByNow = said;
      const answered = await ada.open(answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER }));
      expect([answered.status, world.granted]).toEqual([status, []]);
      expect(world.events.at(-1)).toMatchObject({ subject: "ada", ...ended });
    }
  });

  it.each(["/connect/nothing", "/connect/review/", "/connect/callbacks"])("has no page at %s", async (path) => {
    expect((await new Visitor(await ConnectWorld.start()).open(path)).status).toBe(400);
  });

  it("says what a document lacks, and sends nobody anywhere", async () => {
    const rows = [
      [{ idp: { sign_in: undefined } }, "Sign-in is not set up"],
      [{ idp: { enabled: false } }, "Sign-in is not set up"],
      [{ resource: { upstream_credential: { type: "none" } } }, "There is nothing to connect"],
      [{ resource: { enabled: false } }, "There is nothing to connect"],
      [{ provider: { code_challenge_methods_supported: ["plain"] } }, "Sign-in is not set up"],
      [{ provider: { authorization_endpoint: undefined } }, "Sign-in is not set up"],
    ] as const;
    for (const [options, title] of rows) {
      const world = await ConnectWorld.start(options);
      const page = await new Visitor(world).open(await world.linkFor("ada"));
      expect(page.headers.get("location")).toBeNull();
      expect(await page.text()).toContain(title);
    }
  });

  it("does not go on at an authorization server without PKCE", async () => {
    const world = await ConnectWorld.start({ upstream: { code_challenge_methods_supported: undefined } });
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const ended = await ada.submit({ csrf: await ada.csrf(), answer: "connect" });
    expect(await ended.text()).toContain("This server cannot be connected");
  });

  it("sheds a flood before anything is read", async () => {
    const world = await ConnectWorld.start();
    world.answers.isWithinRate = false;
    expect((await new Visitor(world).open(await world.linkFor("ada"))).status).toBe(429);
    expect(world.counted).toEqual(["connect_rate_limited"]);
  });
});

describe("a page of these", () => {
  it("runs no script, is in no frame, posts to us alone, is kept by nobody, and says who answers for it", async () => {
    const world = await ConnectWorld.start();
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    for (const path of ["/connect/review", "/connect/done", "/connect"]) {
      const { headers } = await ada.open(path);
      const policy = headers.get("content-security-policy");
      expect(policy).toBe(
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("crossgate-correlation-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("keeps its state where no script and no other host can reach it", async () => {
    const world = await ConnectWorld.start();
    const sent = await new Visitor(world).open(await world.linkFor("ada"));
    expect(sent.headers.get("set-cookie")).toMatch(
      /^__Host-crossgate-connect=[\w-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
    expect(sent.headers.get("referrer-policy")).toBe("no-referrer");
  });
});
