import { Client, StreamableHTTPClientTransport, UrlElicitationRequiredError } from "@modelcontextprotocol/client";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { callbackUri, signedInUri } from "../../src/connect/redirect-uri.ts";
import { adminDocumentFor, createAdminKey, writeAdminKey } from "../../cli/admin-key.ts";
import { redeem } from "../../demo/redeem.ts";
import { runCrossgate } from "../cli/run-crossgate.ts";
import { temporaryDirectory } from "../cli/temporary-directory.ts";
import { idpDocument } from "../support/documents.ts";
import { TestIdp } from "../support/test-idp.ts";
import { launchChromium } from "./support/chromium.ts";
import { eventually } from "./support/eventually.ts";
import { callGateway } from "./support/gateway-call.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./support/openid-provider.ts";
import {
  answerJson,
  messageOf,
  type Received,
  type ScriptedUpstream,
  startScriptedUpstream,
} from "./support/scripted-upstream.ts";

const FILES = "/files/mcp";
const ADA = { subject: "ada", email: "ada@acme.example", password: "analytical engine" };
const CAROL = { subject: "carol", email: "carol@acme.example", password: "first compiler" };
const BOB = { subject: "bob", email: "bob@acme.example", password: "difference engine" };
/** The same people, as somebody else's server knows them. */
const AT_FILES = [
  { ...ADA, subject: "files-user-7" },
  { ...BOB, subject: "files-user-8" },
  { ...CAROL, subject: "files-user-9" },
];

let browser: Browser;
let guarded: GuardedServers;
let idp: OpenIdProvider;
let issuing: TestIdp;
let filesServer: OpenIdProvider;
let upstream: ScriptedUpstream;
let stranger: Server;
let strangersPage = "";

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  stranger = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end(strangersPage);
  }).listen(0, "127.0.0.1");
  const started = guardServers({ [FILES]: { upstream: upstream.url, name: "Files" } });
  [browser, guarded] = await Promise.all([launchChromium(), started, once(stranger, "listening")]);
  const { issuer: origin, kv } = guarded.crossgate;
  filesServer = await startOpenIdProvider({
    users: AT_FILES,
    resourceScope: "files.read",
    clients: async (issuer) => [
      {
        client_id: "crossgate",
        redirect_uris: [await callbackUri({ client: { kind: "registered" } }, issuer, origin)],
        token_endpoint_auth_method: "none",
        id_token_signed_response_alg: "ES256",
        grant_types: ["authorization_code", "refresh_token"],
      },
    ],
  });
  idp = await startOpenIdProvider({
    users: [ADA, BOB, CAROL],
    clients: async (issuer) => [
      {
        client_id: "crossgate",
        redirect_uris: [await signedInUri(issuer, origin)],
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        id_token_signed_response_alg: "ES256",
        // The keys themselves: this provider fetches nothing from this machine.
        jwks: await (await fetch(`${origin}/jwks`)).json(),
      },
    ],
  });
  issuing = await TestIdp.start({ issuer: idp.issuer });
  const trusted = idpDocument({
    issuer: idp.issuer,
    key_set: { keys: [...issuing.jwks.keys, idp.publicJwk] },
    sign_in: { client_id: "crossgate" },
  });
  await kv.put(`idp:${idp.issuer}`, JSON.stringify(trusted));
  const key = `resource:${guarded.urlOf(FILES)}`;
  const upstream_credential = {
    type: "authorization_code",
    authorization_server: filesServer.issuer,
    client: { kind: "registered", client_id: "crossgate" },
    scope: "files.read",
  };
  const document = JSON.parse((await kv.get(key, "text")) ?? "") as Record<string, unknown>;
  await kv.put(key, JSON.stringify({ ...document, upstream_credential }));
});

afterAll(async () => {
  stranger?.close();
  await browser?.close();
  await guarded?.stop();
  await Promise.all([idp?.close(), filesServer?.close(), upstream?.close()]);
});

const tokenIn = (header: string | undefined): string => /^Bearer (.+)$/.exec(header ?? "")?.[1] ?? "";

async function subjectOf({ headers }: Received): Promise<string | null> {
  return filesServer.subjectOf(tokenIn(headers.authorization));
}

/** The upstream knows its own people by its own server's tokens, and says whom it sees. */
function serveFiles(): void {
  upstream.answer(async (received, response) => {
    const subject = await subjectOf(received);
    const result = { content: [{ type: "text", text: `you are ${subject ?? ""}` }] };
    if (subject === null) response.writeHead(401).end();
    else answerJson(response, { jsonrpc: "2.0", id: messageOf(received).id, result });
  });
}

async function tokenOf(sub: string): Promise<string> {
  const claims = {
    aud: guarded.crossgate.issuer,
    client_id: "agent",
    sub,
    scope: "tools:echo",
    resource: guarded.urlOf(FILES),
  };
  const { accessToken, error } = await redeem({
    issuer: guarded.crossgate.issuer,
    clientId: "agent",
    clientSecret: guarded.clientSecrets.agent,
    assertion: await issuing.issue(claims),
  });
  if (accessToken === undefined) throw new Error(`no token: ${error ?? ""}`);
  return accessToken;
}

/** @returns what the tool says to this person's agent */
async function call(token: string): Promise<string> {
  const response = await callGateway(guarded.urlOf(FILES), { token });
  const { result } = (await response.json()) as { result?: { content: readonly { text: string }[] } };
  return result?.content[0]?.text ?? `nothing, ${response.status}`;
}

/** The address that a call of theirs is answered with, once the documents are in force. */
function linkFor(sub: string): Promise<string> {
  return eventually("a call that is answered with where to connect", async () => {
    const [link] = /http:\S+\/connect\?link=\S+/.exec(await call(await tokenOf(sub))) ?? [];
    return link;
  });
}

async function newBrowser(): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  return { context, page: await context.newPage() };
}

async function signIn(page: Page, { email, password }: typeof ADA): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** As far as the question, answered with yes, and the sign-in that follows at the server's own side. */
async function agree(page: Page, link: string, person: typeof ADA): Promise<void> {
  await page.goto(link);
  await signIn(page, person);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.waitForURL(`${filesServer.issuer}/**`);
}

/** Agrees there too, and is back. */
async function connect(page: Page, link: string, person: typeof ADA): Promise<void> {
  await agree(page, link, person);
  await signIn(page, person);
  await page.waitForURL(`${guarded.crossgate.issuer}/connect/done`);
}

interface SentMessage {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly protocolVersion?: string };
}

/** The server's own half of a session with the official client. */
function serveSessions(): void {
  upstream.answer(async (received, response) => {
    const subject = received.method === "POST" ? await subjectOf(received) : null;
    const { id, method, params } = (subject === null ? {} : messageOf(received)) as Partial<SentMessage>;
    if (subject === null || id === undefined) {
      response.writeHead(received.method === "POST" ? (subject === null ? 401 : 202) : 405).end();
      return;
    }
    const initialized = {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "files", version: "1" },
    };
    const said = { content: [{ type: "text", text: `you are ${subject}` }] };
    answerJson(response, { jsonrpc: "2.0", id, result: method === "initialize" ? initialized : said });
  });
}

/** The official client in the era of sessions, which takes its user to an address where it is told to. */
async function callByClient(sub: string): Promise<unknown> {
  const token = await tokenOf(sub);
  const url = new URL(guarded.urlOf(FILES));
  const transport = new StreamableHTTPClientTransport(url, { authProvider: { token: async () => token } });
  const capabilities = { elicitation: { url: {} } };
  const client = new Client({ name: "tests", version: "1" }, { capabilities, versionNegotiation: { mode: "legacy" } });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return client.callTool({ name: "echo", arguments: { message: "hello" } });
}

const heading = (page: Page): Promise<string | null> => page.getByRole("heading").textContent();

describe("a person whose agent lacks their account", () => {
  it("connects it in a browser, and the next call is made as them, by nobody's token but the server's own", async () => {
    serveFiles();
    const link = await linkFor("ada");
    expect(upstream.received).toEqual([]);
    const { page } = await newBrowser();
    await page.goto(link);
    expect(new URL(page.url()).origin).toBe(idp.issuer);
    await signIn(page, ADA);
    expect(await heading(page)).toBe("Connect Files?");
    expect(page.url()).toBe(`${guarded.crossgate.issuer}/connect/review`);
    const shown = (await page.getByRole("main").textContent()) ?? "";
    for (const text of [
      guarded.urlOf(FILES),
      ADA.email,
      "acme",
      "agent",
      "files.read",
      new URL(filesServer.issuer).host,
    ]) {
      expect(shown).toContain(text);
    }
    // The style sheet is ours and is applied, under a policy that lets nothing else in.
    expect(await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")).not.toBe("none");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.waitForURL(`${filesServer.issuer}/**`);
    await signIn(page, ADA);
    await page.waitForURL(`${guarded.crossgate.issuer}/connect/done`);
    expect(await heading(page)).toBe("Connected");

    const token = await tokenOf("ada");
    expect(await call(token)).toBe("you are files-user-7");
    expect(upstream.everything()).not.toContain(token);
    // It is hers: another person's call is still without one.
    expect(await call(await tokenOf("bob"))).toContain("/connect?link=");
  });

  it("is asked in vain by a link that is another's", async () => {
    const { page } = await newBrowser();
    await page.goto(await linkFor("bob"));
    await signIn(page, ADA);
    expect(await heading(page)).toBe("This address is for somebody else");
    await page.goto(`${guarded.crossgate.issuer}/connect/review`);
    expect(await heading(page)).toBe("This browser did not begin here");
  });

  it("may say no", async () => {
    const { page } = await newBrowser();
    await page.goto(await linkFor("bob"));
    await signIn(page, BOB);
    await page.getByRole("button", { name: "Not now" }).click();
    expect(await heading(page)).toBe("Not connected");
  });
});

describe("somebody else's page", () => {
  it("shows none of ours in a frame, and has none of our forms sent for the person", async () => {
    const { page, context } = await newBrowser();
    await page.goto(await linkFor("bob"));
    await signIn(page, BOB);
    const review = `${guarded.crossgate.issuer}/connect/review`;
    const csrf = await page.locator("input[name=csrf]").inputValue();
    const address = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`;
    strangersPage = `<iframe src="${review}"></iframe>`;
    const theirs = await context.newPage();
    await theirs.goto(address);
    const [frame] = theirs.frames().slice(1);
    await frame?.waitForLoadState();
    expect(frame?.url()).toBe("chrome-error://chromewebdata/");
    // Not even by one that has got hold of the page's token.
    strangersPage = `<form method="post" action="${review}"><input name="csrf" value="${csrf}">
      <input name="answer" value="connect"></form><script>document.forms[0].submit()</script>`;
    await theirs.goto(address);
    await theirs.waitForURL(review);
    expect(await heading(theirs)).toBe("That did not come from our page");
  });
});

describe("an answer of the server's", () => {
  it("is worth nothing in another browser, nor a second time in its own", async () => {
    serveFiles();
    const { page } = await newBrowser();
    let answer = "";
    page.on("request", (request) => {
      if (request.url().includes("/connect/callback/")) answer = request.url();
    });
    await connect(page, await linkFor("bob"), BOB);
    expect(await call(await tokenOf("bob"))).toBe("you are files-user-8");
    const { page: victim } = await newBrowser();
    for (const browsing of [victim, page]) {
      await browsing.goto(answer);
      expect(await heading(browsing)).toBe("This browser did not begin here");
    }
  });
});

describe("the official client", () => {
  it("is told where its user has to go, and goes on once they have been there, until an operator ends it", async () => {
    serveSessions();
    await linkFor("carol");
    const error: unknown = await callByClient("carol").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UrlElicitationRequiredError);
    const [asked] = (error as UrlElicitationRequiredError).elicitations;
    const { page } = await newBrowser();
    await connect(page, asked?.url ?? "", CAROL);
    const served = { content: [{ type: "text", text: "you are files-user-9" }] };
    expect(await callByClient("carol")).toMatchObject(served);

    const key = await createAdminKey("on-call");
    const keyFile = join(await temporaryDirectory(), "on-call.admin-key.json");
    await writeAdminKey(keyFile, key);
    await guarded.crossgate.kv.put("admin:on-call", JSON.stringify(adminDocumentFor(key, "operator")));
    const connection = async (...words: readonly string[]): Promise<string> => {
      const api = ["--url", guarded.crossgate.issuer, "--key", keyFile];
      const { code, stdout, stderr } = await runCrossgate(["connect", ...words, ...api]);
      expect([code, stderr]).toEqual([0, ""]);
      return stdout;
    };
    const hers = [guarded.urlOf(FILES), "--sub", "carol", "--issuer", idp.issuer];
    const shown = await connection("status", ...hers);
    for (const text of [guarded.urlOf(FILES), "carol", "files.read", filesServer.issuer, "connected"]) {
      expect(shown).toContain(text);
    }
    const { connections } = JSON.parse(await connection("status", ...hers, "--json")) as { connections: object[] };
    expect(connections).toMatchObject([{ state: "connected", failure: null, last_used_at: expect.any(String) }]);
    const [granted = ""] = upstream.received.map(({ headers }) => tokenIn(headers.authorization)).slice(-1);
    expect(await filesServer.subjectOf(granted)).toBe("files-user-9");
    expect(await connection("revoke", ...hers, "--yes")).toMatch(/^deleted; used nowhere after \d+ s$/m);
    expect(await connection("status", ...hers)).toBe("Nobody has connected anything like that.\n");
    // Her server has been told, too.
    await eventually("a grant that is over there", async () => (await filesServer.subjectOf(granted)) === null);
  });
});

describe("the record", () => {
  it("says who connected what, and who tried with another's link", async () => {
    const events = await eventually("records of connections", async () => {
      const found = (await guarded.auditEvents()).filter(({ type }) => type === "connection");
      return found.length >= 5 ? found : null;
    });
    const seen = events.map(({ subject, decision, reason }) => [subject, decision, reason]);
    expect(seen).toContainEqual(["ada", "granted", null]);
    expect(seen).toContainEqual(["ada", "refused", "connect_person_mismatch"]);
    expect(seen).toContainEqual(["bob", "refused", "connect_declined"]);
    expect(seen).toContainEqual(["bob", "granted", null]);
  });
});
