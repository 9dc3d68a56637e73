import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { discover } from "../../../cli/idp/discover.ts";
import { lookAtServer } from "../../../cli/upstream/look.ts";
import { forbiddenUrls } from "../../production/forbidden-urls.ts";

/**
 * Whoever runs the command line means to ask the server that they name, and no address of their own machine that this
 * server, which anybody may have written, names in turn. Every form of such an address is named, and a listener counts.
 */
const FILES = "https://files.example.net";

let connections = 0;
let urls: readonly string[];
let close: () => void;
/** What that server answers. */
let answer: (url: URL) => Response;

beforeEach(async () => {
  connections = 0;
  const listener = createServer((_request, response) => response.end("{}")).on("connection", () => (connections += 1));
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  close = () => void listener.close();
  urls = forbiddenUrls((listener.address() as AddressInfo).port);
  const reach = globalThis.fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    return url.origin === FILES ? answer(url) : reach(input, init);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  close();
});

const notFound = (): Response => new Response(null, { status: 404 });

async function none(look: () => Promise<unknown>): Promise<void> {
  for (const url of urls) {
    named = url;
    await look().catch(() => null);
  }
  expect(connections).toBe(0);
}
let named = "";

describe("a server elsewhere", () => {
  it("leads upstream add to no address of this machine, by what it names as its authorization server", async () => {
    answer = ({ pathname }) => {
      if (!pathname.includes("oauth-protected-resource")) return new Response(null, { status: 401 });
      return Response.json({ resource: `${FILES}/mcp`, authorization_servers: [named] });
    };
    await none(() => lookAtServer(`${FILES}/mcp`));
  });

  it("leads upstream add there by no redirect, and by no challenge", async () => {
    answer = () => new Response(null, { status: 302, headers: { location: encodeURI(named) } });
    await none(() => lookAtServer(`${FILES}/mcp`));
    const challenge = (): string => `Bearer resource_metadata="${encodeURI(named)}"`;
    answer = ({ pathname }) =>
      pathname === "/mcp"
        ? new Response(null, { status: 401, headers: { "www-authenticate": challenge() } })
        : notFound();
    await none(() => lookAtServer(`${FILES}/mcp`));
  });

  it("leads idp add there by no address of its keys", async () => {
    answer = () => Response.json({ issuer: FILES, jwks_uri: named });
    await none(() => discover(FILES));
  });
});

describe("a server of this machine", () => {
  it("may name others of it, and is asked itself", async () => {
    const [listening = ""] = urls;
    expect(await lookAtServer(listening)).toEqual({ kind: "nothing" });
    expect(connections).toBeGreaterThan(0);
  });
});
