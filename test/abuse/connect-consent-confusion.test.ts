import { describe, expect, it } from "vitest";
import { ConnectWorld, answerTo, UPSTREAM_ISSUER, Visitor } from "../support/connect.ts";
import { IDP } from "../support/documents.ts";

/** MCP security best practices, confused deputy: one person's account must not come to serve another's calls. */
describe("a link that was made for somebody else", () => {
  it("connects nothing of whoever opens it, and shows them nothing [MCPA-30]", async () => {
    const world = await ConnectWorld.start();
    const bob = new Visitor(world);
    const ended = await bob.signIn(await world.linkFor("ada"), "bob");
    expect(ended.status).toBe(403);
    const page = await ended.text();
    expect(page).toContain("This address is for somebody else");
    expect(page).not.toMatch(/\bada@|>ada<|Files/);
    expect((await bob.open("/connect/review")).status).toBe(400);
    expect(world.granted).toEqual([]);
    expect(world.events).toMatchObject([
      { type: "connection", decision: "refused", reason: "connect_person_mismatch", subject: "bob" },
    ]);
  });

  it.each([
    ["of another organization", { organization: "globex" }],
    ["of another tenant", { tenant: "t1" }],
    ["by another principal", { principal: "usr_another" }],
  ])("stays so %s, though the sub is the same", async (_, overrides) => {
    const world = await ConnectWorld.start();
    expect((await new Visitor(world).signIn(await world.linkFor("ada", overrides), "ada")).status).toBe(403);
  });

  it("of another provider leads to that provider, and nowhere where there is none", async () => {
    const world = await ConnectWorld.start();
    const opened = await new Visitor(world).open(await world.linkFor("ada", { issuer: `${IDP}/other` }));
    expect(await opened.text()).toContain("Sign-in is not set up");
  });

  const XAA = {
    type: "xaa",
    idp: IDP,
    idp_client: { client_id: "crossgate-at-the-idp", method: "client_secret_post", secret: "idp-client" },
    authorization_server: "https://as.files.example",
    client: { client_id: "c", method: "client_secret_post", secret: "files" },
  };

  it("asks nobody to sign in at one provider for a server that takes another's word", async () => {
    const credential = { ...XAA, idp: "https://idp.globex.example" };
    const world = await ConnectWorld.start({ resource: { upstream_credential: credential } });
    const opened = await new Visitor(world).open(await world.linkFor("ada"));
    expect([opened.status, opened.headers.get("location")]).toEqual([404, null]);
    expect(await opened.text()).toContain("There is nothing to connect");
  });

  it("has no sign-in lent to another client of ours than the one that the server's document names", async () => {
    const credential = { ...XAA, idp_client: { ...XAA.idp_client, client_id: "another-of-ours" } };
    const world = await ConnectWorld.start({ resource: { upstream_credential: credential } });
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const ended = await ada.submit({ csrf: await ada.csrf(), answer: "connect" });
    expect(ended.status).toBe(503);
    const page = await ended.text();
    expect(page).toContain("Sign-in is not set up");
    expect(page).not.toContain(IDP);
  });

  it("does not take a second person for the first when the sign-in is to be lent", async () => {
    const world = await ConnectWorld.start({ resource: { upstream_credential: XAA } });
    const ada = new Visitor(world);
    await ada.signIn(await world.linkFor("ada"), "ada");
    const ended = await ada.open(world.signInAt(await ada.agree(), "bob"));
    expect(ended.status).toBe(403);
    expect(world.lent).toEqual([]);
  });
});

describe("a person whose provider's record is strict", () => {
  const strict = { subject_resolution: { mode: "strict", by: ["email"] }, email_domains: ["acme.example"] };

  it("is the account that is bound to them", async () => {
    const world = await ConnectWorld.start({ idp: strict });
    const { accountPrincipal } = await import("../../src/redemption/principal.ts");
    const link = await world.linkFor("ada", { principal: await accountPrincipal("acme", "account-of-ada") });
    expect((await new Visitor(world).signIn(link, "ada")).status).toBe(303);
    expect((await new Visitor(world).signIn(await world.linkFor("ada"), "ada")).status).toBe(403);
  });

  it("is nobody without one, whatever address the ID token names", async () => {
    const world = await ConnectWorld.start({ idp: strict });
    const ended = await new Visitor(world).signIn(await world.linkFor("bob"), "bob");
    expect(await ended.text()).toContain("You have no account here");
  });
});

describe("somebody who has been stopped", () => {
  it("makes no connection, at whichever step it happens", async () => {
    const world = await ConnectWorld.start();
    const [early, midway, late] = [new Visitor(world), new Visitor(world), new Visitor(world)];
    for (const visitor of [midway, late]) await visitor.signIn(await world.linkFor("ada"), "ada");
    const csrf = await midway.csrf();
    const authorize = await late.agree();
    world.answers.isRevoked = true;
    const answers = [
      await early.signIn(await world.linkFor("ada"), "ada"),
      await midway.submit({ csrf, answer: "connect" }),
      await late.open(answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER })),
    ];
    for (const answer of answers) expect(await answer.text()).toContain("Access has been stopped");
    expect(world.granted).toEqual([]);
  });
});
