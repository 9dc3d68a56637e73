import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bindingOf } from "../../src/trust/grant-binding.ts";
import { Network, TestAuthorizationServer } from "../support/authorization-server.ts";
import {
  acquire,
  AS,
  asked,
  credential,
  RESOURCE,
  setClientSecret,
  staleGrant,
  tokenOf,
  UPSTREAM,
  vaultOf,
} from "../support/outbound.ts";

let server: TestAuthorizationServer;

beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  server = await TestAuthorizationServer.start(new Network(), AS);
  await setClientSecret();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const REQUIRED = { outcome: "refused", reason: "connection_required" };
const CLIENT = { kind: "registered", client_id: "us", method: "client_secret_basic", secret: "client-secret" } as const;

/** Scopes that were taken away in the document would otherwise be used for as long as the grant renews itself. */
describe("a person's grant whose server's document has changed since", () => {
  it.each([
    ["another authorization server", { authorization_server: "https://as.other.example" }],
    [
      "an authorization server that the upstream names",
      { authorization_server: undefined, client: { kind: "metadata_document" } },
    ],
    ["another client of ours", { client: { ...CLIENT, client_id: "them" } }],
    ["another secret of that client", { client: { ...CLIENT, secret: "client-secret-2" } }],
    ["our metadata document for a client", { client: { kind: "metadata_document" } }],
    ["less scope", { scope: "files.read" }],
    ["more scope", { scope: "files.read files.write files.delete" }],
    ["no scope", { scope: undefined }],
  ])("serves no call under %s, and is not even renewed", async (_, changes) => {
    const granted = credential("authorization_code", { scope: "files.read files.write" });
    const wanted = asked("authorization_code", { credential: granted });
    const binding = await bindingOf(UPSTREAM, granted);
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada"), { binding }));
    const changed = credential("authorization_code", { ...granted, ...changes });
    expect(await acquire({ ...wanted, credential: changed, resourceRevision: "r2" })).toEqual(REQUIRED);
    expect(server.asked).toEqual([]);
    // As it was, it serves again: nothing of it was spent.
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
  });

  it("serves where the same scopes stand in another order", async () => {
    const wanted = asked("authorization_code", { credential: credential("authorization_code", { scope: "b a" }) });
    const binding = await bindingOf(UPSTREAM, credential("authorization_code", { scope: "a b" }));
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, staleGrant(server.grantTo("ada"), { binding }));
    expect(server.ownerOf(tokenOf(await acquire(wanted)))).toBe("ada");
  });

  it("is none that serves when nothing says what it was made for", async () => {
    const wanted = asked("authorization_code");
    const { binding: _, ...unbound } = staleGrant(server.grantTo("ada"));
    await vaultOf(wanted.owner).keepGrant(wanted.owner, RESOURCE, unbound as ReturnType<typeof staleGrant>);
    expect(await acquire(wanted)).toEqual(REQUIRED);
    expect(server.asked).toEqual([]);
  });
});
