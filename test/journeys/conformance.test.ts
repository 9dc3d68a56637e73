import { afterAll, beforeAll, expect, it } from "vitest";
import { reservePort } from "../../cli/listening-port.ts";
import { type BearerRelay, startBearerRelay } from "./support/bearer-relay.ts";
import { runConformanceSuite } from "./support/conformance/run-suite.ts";
import { startConformanceServer } from "./support/conformance/server.ts";
import { guardServers, type GuardedServers } from "./support/guarded-servers.ts";

const METHODS = [
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "subscriptions/listen",
  "completion/complete",
  "logging/setLevel",
];

let server: Awaited<ReturnType<typeof startConformanceServer>>;
let guarded: GuardedServers;
let relay: BearerRelay;

beforeAll(async () => {
  server = await startConformanceServer();
  const scopes = { "tools:read": { description: "All that the suite does", methods: METHODS } };
  const port = await reservePort("127.0.0.1", 0);
  // The suite comes once as a page at the address that it calls would, and must be let in.
  const allowed_origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  const lives = { token_lifetime_seconds: 600 };
  guarded = await guardServers({ "/mcp": { upstream: server.url, scopes, allowed_origins, ...lives } });
  const token = await guarded.accessToken({ path: "/mcp", scope: "tools:read" });
  relay = await startBearerRelay(port, new URL(guarded.urlOf("/mcp")), token);
});

afterAll(async () => {
  await relay?.close();
  await guarded?.stop();
  await server?.close();
});

it.concurrent.each([
  ["2025-11-25", 60],
  ["2026-07-28", 140],
])("no check of the official suite for %s is lost on the way through", async (revision, least) => {
  const direct = await runConformanceSuite(server.url, revision);
  const passed = [...direct].flatMap(([name, status]) => (status === "SUCCESS" ? [name] : []));
  // The server itself must do what the suite asks for, or there would be nothing to lose.
  expect(passed.length).toBeGreaterThan(least);
  const through = await runConformanceSuite(relay.url, revision);
  expect(passed.filter((name) => through.get(name) !== "SUCCESS")).toEqual([]);
});
