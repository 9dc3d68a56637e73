import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "./support/chromium.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";

let browser: Browser;
let guarded: GuardedServers;
let stranger: Server;

beforeAll(async () => {
  stranger = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<iframe src="${guarded.crossgate.issuer}/authorize"></iframe>`);
  }).listen(0, "127.0.0.1");
  [browser, guarded] = await Promise.all([launchChromium(), guardServers({}), once(stranger, "listening")]);
});

afterAll(async () => {
  stranger.close();
  await Promise.all([browser?.close(), guarded?.stop()]);
});

describe("a page of ours in a browser", () => {
  it("says to a person who was sent to /authorize why there is nothing to sign in to", async () => {
    const page = await browser.newPage();
    const response = await page.goto(`${guarded.crossgate.issuer}/authorize?redirect_uri=https://evil.example/`);
    expect(response?.status()).toBe(400);
    expect(page.url()).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await page.getByRole("heading").textContent()).toBe("No interactive sign-in");
  });

  it("is shown in nobody's frame", async () => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(stranger.address() as AddressInfo).port}/`);
    const [framed] = page.frames().slice(1);
    await framed?.waitForLoadState();
    expect(framed?.url()).toBe("chrome-error://chromewebdata/");
    expect(await framed?.content()).not.toContain("No interactive sign-in");
  });
});
