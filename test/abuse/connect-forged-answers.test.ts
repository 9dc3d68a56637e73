import { describe, expect, it } from "vitest";
import { answerTo, AUTHORIZATION_CODE, ConnectWorld, SECRET, UPSTREAM_ISSUER, Visitor } from "../support/connect.ts";
import { CROSSGATE, IDP, RESOURCE } from "../support/documents.ts";
import { Journeys } from "../../src/connect/journey.ts";
import { callbackUri, signedInUri } from "../../src/connect/redirect-uri.ts";
import { Seal } from "../../src/connect/seal.ts";
import { LIMITS } from "../../src/limits.ts";

async function world(): Promise<{ world: ConnectWorld; ada: Visitor; authorize: string }> {
  const made = await ConnectWorld.start();
  const ada = new Visitor(made);
  await ada.signIn(await made.linkFor("ada"), "ada");
  return { world: made, ada, authorize: await ada.agree() };
}

const titleOf = async (response: Response): Promise<string> => /<h1>([^<]*)/.exec(await response.text())?.[1] ?? "";
const ANOTHER = "That was another request&#39;s answer";

describe("an answer that another browser began (session fixation, login CSRF)", () => {
  it("is nothing to a browser without a journey of its own", async () => {
    const { world: made, authorize } = await world();
    const victim = new Visitor(made);
    const answer = answerTo(authorize, { code: "code-of-the-victim", iss: UPSTREAM_ISSUER });
    expect(await titleOf(await victim.open(answer))).toBe("This browser did not begin here");
    expect(made.granted).toEqual([]);
  });

  it("is nothing to a browser that is on a journey of its own: no code of an attacker's gets into it", async () => {
    const { world: made, authorize } = await world();
    const mallory = new Visitor(made);
    await mallory.signIn(await made.linkFor("mallory"), "mallory");
    await mallory.agree();
    expect(await titleOf(await mallory.open(answerTo(authorize, { code: "c", iss: UPSTREAM_ISSUER })))).toBe(ANOTHER);
    expect(made.granted).toEqual([]);
  });

  it("signs nobody in as somebody else", async () => {
    const made = await ConnectWorld.start();
    const [mallory, victim] = [new Visitor(made), new Visitor(made)];
    const link = await made.linkFor("mallory");
    const sentMallory = await mallory.open(link);
    await victim.open(link);
    const back = made.signInAt(sentMallory.headers.get("location") ?? "", "mallory");
    expect(await titleOf(await victim.open(back))).toBe(ANOTHER);
  });

  it("does not end the journey that it was forged against", async () => {
    const { world: made, ada, authorize } = await world();
    await ada.open(answerTo(authorize, { code: "c", state: "forged" }));
    await ada.open(answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER }));
    expect(made.granted).toHaveLength(1);
  });
});

describe("an answer with something changed in it", () => {
  it.each<[string, Record<string, string>]>([
    ["another state", { code: "c", iss: UPSTREAM_ISSUER, state: "x".repeat(43) }],
    ["no state", { code: "c", iss: UPSTREAM_ISSUER, state: "" }],
    ["no code", { iss: UPSTREAM_ISSUER }],
    ["a code that is none", { code: "a\u0000b", iss: UPSTREAM_ISSUER }],
  ])("%s is no answer", async (_, members) => {
    const { world: made, ada, authorize } = await world();
    expect(await titleOf(await ada.open(answerTo(authorize, members)))).toBe(ANOTHER);
    expect(made.granted).toEqual([]);
  });

  it("says a thing twice, and so nothing", async () => {
    const { ada, authorize } = await world();
    const answer = answerTo(authorize, { code: "c", iss: UPSTREAM_ISSUER });
    for (const name of ["code", "iss"]) {
      const { ada: fresh, authorize: other } = await world();
      expect(await titleOf(await fresh.open(`${answerTo(other, { code: "c", iss: UPSTREAM_ISSUER })}&${name}=d`))).toBe(
        ANOTHER,
      );
    }
    expect(await titleOf(await ada.open(`${answer}&state=d`))).toBe(ANOTHER);
  });

  it("by the server's own refusal is a refusal, and none of its words are shown", async () => {
    const { ada, authorize } = await world();
    const members = { error: "access_denied", error_description: "<b>call 555-0100</b>", iss: UPSTREAM_ISSUER };
    const ended = await ada.open(answerTo(authorize, members));
    const page = await ended.text();
    expect(page).toContain("Not connected");
    expect(page).not.toMatch(/555-0100|access_denied/);
  });
});

describe("mix-up (RFC 9207, RFC 9700 §4.4)", () => {
  it("redeems no code of another server's", async () => {
    for (const iss of ["https://as.evil.example", `${UPSTREAM_ISSUER}/`, IDP, ""]) {
      const { world: made, ada, authorize } = await world();
      const before = made.requests.length;
      expect(await titleOf(await ada.open(answerTo(authorize, { code: "c", iss })))).toBe(
        "The answer came from somebody else",
      );
      expect(made.requests.slice(before).some(({ method }) => method === "POST")).toBe(false);
    }
  });

  it("redeems none without iss where the server says that it names itself", async () => {
    const { ada, authorize } = await world();
    expect(await titleOf(await ada.open(answerTo(authorize, { code: "c" })))).toBe(
      "The answer came from somebody else",
    );
  });

  it("redeems none that came to the redirect URI of another server", async () => {
    const { world: made, ada, authorize } = await world();
    const state = new URL(authorize).searchParams.get("state") ?? "";
    const members = new URLSearchParams({ code: "c", iss: UPSTREAM_ISSUER, state }).toString();
    for (const path of ["/connect/callback", `/connect/callback/${"A".repeat(22)}`]) {
      expect(await titleOf(await ada.open(`${path}?${members}`))).toBe("The answer came from somebody else");
    }
    expect(made.granted).toEqual([]);
  });

  it.each([
    ["names another server", { authorization_server: IDP }],
    ["asks for other scopes than were agreed to", { scope: "files.read files.delete" }],
    ["is for another client of ours", { client: { kind: "registered", client_id: "c" } }],
  ])("redeems none when the document %s by now", async (_, changes) => {
    const { world: made, ada, authorize } = await world();
    const credential = { ...AUTHORIZATION_CODE, ...changes };
    made.documents = { ...made.documents, resource: { upstream_credential: credential } };
    const ended = await ada.open(answerTo(authorize, { code: "c", iss: UPSTREAM_ISSUER }));
    expect(await titleOf(ended)).toBe("This has changed meanwhile");
    expect(made.requests.some(({ method, url }) => method === "POST" && url.startsWith(UPSTREAM_ISSUER))).toBe(false);
    expect(made.granted).toEqual([]);
  });

  it("redeems none at a server that the upstream has come to name meanwhile, where the document names none", async () => {
    const unnamed = { ...AUTHORIZATION_CODE, authorization_server: undefined };
    const made = await ConnectWorld.start({ resource: { upstream_credential: unnamed } });
    const ada = new Visitor(made);
    await ada.signIn(await made.linkFor("ada"), "ada");
    const authorize = await ada.agree();
    expect(new URL(authorize).origin).toBe(UPSTREAM_ISSUER);
    made.answers.namedServer = IDP;
    const before = made.requests.length;
    const ended = await ada.open(answerTo(authorize, { code: "code-of-the-first", iss: IDP }));
    expect(await titleOf(ended)).toBe("The answer came from somebody else");
    expect(made.requests.slice(before).some(({ method }) => method === "POST")).toBe(false);
  });

  it("redeems no code that came to the redirect URI of another identity provider, which does not say who it is", async () => {
    const made = await ConnectWorld.start({ provider: { authorization_response_iss_parameter_supported: false } });
    const ada = new Visitor(made);
    const sent = (await ada.open(await made.linkFor("ada"))).headers.get("location") ?? "";
    const own = new URL(made.signInAt(sent, "ada"));
    own.searchParams.delete("iss");
    const { cookie } = ada;
    for (const path of ["", "/", `/${"A".repeat(22)}`].map((rest) => `/connect/signed-in${rest}`)) {
      ada.cookie = cookie;
      const ended = await ada.open(`${path}${own.search}`);
      expect(await titleOf(ended), path).toBe("The answer came from somebody else");
    }
    // Nothing was redeemed or spent meanwhile.
    expect(made.requests.filter(({ method }) => method === "POST")).toEqual([]);
    ada.cookie = cookie;
    expect((await ada.open(own.href)).headers.get("location")).toBe("/connect/review");
  });

  it("gives each provider a place of its own to send people back to", async () => {
    const [one, other] = await Promise.all([signedInUri(IDP, CROSSGATE), signedInUri(`${IDP}/`, CROSSGATE)]);
    expect(one).not.toBe(other);
    const callback = await callbackUri({ client: { kind: "registered" } }, IDP, CROSSGATE);
    expect(new URL(one).pathname.split("/").at(-1)).not.toBe(new URL(callback).pathname.split("/").at(-1));
  });

  it("takes no answer of the provider's for the server's, or the other way about", async () => {
    const { world: made, ada, authorize } = await world();
    const state = new URL(authorize).searchParams.get("state") ?? "";
    const members = new URLSearchParams({ code: "c", iss: IDP, state }).toString();
    expect(await titleOf(await ada.open(`${await signedInUri(IDP, CROSSGATE)}?${members}`))).toBe(
      "This browser did not begin here",
    );
    expect(made.granted).toEqual([]);
  });
});

describe("an answer that has been used, or comes late", () => {
  it("is looked at once, by whoever has the cookie and the address", async () => {
    const { world: made, ada, authorize } = await world();
    const { cookie } = ada;
    const answer = answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER });
    await ada.open(answer);
    ada.cookie = cookie;
    expect(await titleOf(await ada.open(answer))).toBe("That answer was used before");
    expect(made.granted).toHaveLength(1);
  });

  it("is once used also when it failed: no second try at its code", async () => {
    const { world: made, ada, authorize } = await world();
    made.answers.tokens = { error: "invalid_grant" };
    const answer = answerTo(authorize, { code: "code-1", iss: UPSTREAM_ISSUER });
    expect((await ada.open(answer)).status).toBe(502);
    made.answers.tokens = {};
    expect(await titleOf(await ada.open(answer))).toBe("That answer was used before");
  });

  it("is too late after ten minutes, as the link is", async () => {
    const made = await ConnectWorld.start();
    const ada = new Visitor(made);
    const longAgo = Math.floor(Date.now() / 1000) - LIMITS.connectJourneySeconds;
    const person = {
      organization: "acme",
      issuer: IDP,
      tenant: null,
      sub: "ada",
      account: null,
      principal: "p",
      name: "ada",
      signed_in_at: longAgo,
    };
    const { organization, issuer, tenant, principal } = person;
    const wanted = { organization, issuer, tenant, principal, resource: RESOURCE, client_id: "agent" };
    const journeys = new Journeys(new Seal(SECRET));
    const late = await journeys.write({ step: "asked", person, wanted, csrf: "c".repeat(43) }, longAgo);
    ada.cookie = late.split(";")[0] ?? "";
    expect(await titleOf(await ada.open("/connect/review"))).toBe("That took too long");
    expect(await titleOf(await ada.open(await made.links.make(wanted, longAgo)))).toBe("This address has expired");
  });

  it("does not serve another step than the one it was made for", async () => {
    const { ada } = await world();
    for (const path of ["/connect/review", "/connect/done"]) expect((await ada.open(path)).status).toBe(400);
  });
});

describe("a link that nobody made", () => {
  it("leads nowhere", async () => {
    const made = await ConnectWorld.start();
    const ada = new Visitor(made);
    const link = new URL(await made.linkFor("ada"));
    const sealed = link.searchParams.get("link") ?? "";
    await ada.open(link.href);
    const [, cookie = ""] = ada.cookie.split("=");
    for (const forged of ["", "x", sealed.slice(1), `${sealed}A`, cookie, CROSSGATE]) {
      const opened = await new Visitor(made).open(`/connect?link=${forged}`);
      expect([opened.status, opened.headers.get("location")]).toEqual([400, null]);
    }
  });

  it("is not followed to wherever a parameter says (open redirect)", async () => {
    const made = await ConnectWorld.start();
    const more = "&redirect_uri=https://evil.example/&next=//evil.example&return_to=https://evil.example";
    const ada = new Visitor(made);
    const sent = new URL((await ada.open(`${await made.linkFor("ada")}${more}`)).headers.get("location") ?? "");
    expect(sent.origin).toBe(IDP);
    expect(sent.href).not.toContain("evil");
    const back = await ada.open(`${made.signInAt(sent.href, "ada")}${more}`);
    expect(back.headers.get("location")).toBe("/connect/review");
    const page = await (await ada.open(`/connect/review?${more}`)).text();
    expect(page).not.toContain("evil");
  });
});

describe("a form of somebody else's (CSRF)", () => {
  const fields = async (ada: Visitor) => ({ csrf: await ada.csrf(), answer: "connect" });

  async function asked(): Promise<{ made: ConnectWorld; ada: Visitor }> {
    const made = await ConnectWorld.start();
    const ada = new Visitor(made);
    await ada.signIn(await made.linkFor("ada"), "ada");
    return { made, ada };
  }

  it.each<[string, Record<string, string>]>([
    ["another origin", { origin: "https://evil.example" }],
    ["a sandboxed page", { origin: "null" }],
    ["another site, by its browser's word", { "sec-fetch-site": "cross-site" }],
    ["another host of our domain", { "sec-fetch-site": "same-site" }],
    ["a script, as JSON", { "content-type": "application/json" }],
    ["a script, as plain text", { "content-type": "text/plain" }],
  ])("from %s connects nothing", async (_, headers) => {
    const { made, ada } = await asked();
    const ended = await ada.submit(await fields(ada), headers);
    expect(ended.status).toBe(403);
    expect(await ended.text()).not.toContain(UPSTREAM_ISSUER);
    expect(made.requests.some(({ url }) => url.startsWith(`${UPSTREAM_ISSUER}/token`))).toBe(false);
  });

  it("without the page's own token connects nothing", async () => {
    const { ada } = await asked();
    for (const csrf of ["", "x".repeat(43)]) expect((await ada.submit({ csrf, answer: "connect" })).status).toBe(403);
  });

  it("with the token of another person's page connects nothing", async () => {
    const { made, ada } = await asked();
    const bob = new Visitor(made);
    await bob.signIn(await made.linkFor("bob"), "bob");
    expect((await ada.submit({ csrf: await bob.csrf(), answer: "connect" })).status).toBe(403);
  });

  it("without a word on its origin connects nothing", async () => {
    const { ada } = await asked();
    const body = new URLSearchParams(await fields(ada)).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await ada.open("/connect/review", { method: "POST", headers, body })).status).toBe(403);
  });

  it("that says a thing twice connects nothing", async () => {
    const { ada } = await asked();
    const { csrf } = await fields(ada);
    const headers = { origin: CROSSGATE, "content-type": "application/x-www-form-urlencoded" };
    const body = `csrf=${csrf}&answer=decline&answer=connect`;
    expect((await ada.open("/connect/review", { method: "POST", headers, body })).status).toBe(403);
  });
});

describe("a cookie that is not ours alone", () => {
  it("comes twice, changed, or too long, and counts for none", async () => {
    const { ada } = await world();
    const { cookie } = ada;
    const changed = [
      `${cookie}; ${cookie}`,
      `${cookie.slice(0, -2)}AA`,
      `${cookie}${"A".repeat(5000)}`,
      cookie.toLowerCase(),
    ];
    for (const spoilt of changed) {
      ada.cookie = spoilt;
      expect(await titleOf(await ada.open("/connect/review"))).toBe("This browser did not begin here");
    }
  });
});
