import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { KeptGrants } from "../../durable-objects/kept-grants.ts";
import { VaultRecords } from "../../durable-objects/vault-records.ts";
import { person, RESOURCE, staleGrant, UPSTREAM, vaultOf } from "../support/outbound.ts";

const REFUSED = { ended: { outcome: "refused", reason: "connection_required" } };

/** Somebody's records, with a grant in them, and what uses it; `findServer` is what happens before it is renewed. */
function withGrant(
  expiresAtMilliseconds: number,
  test: (parts: {
    records: VaultRecords;
    use: (findServer?: () => unknown) => Promise<unknown>;
    keepAnother: () => Promise<unknown>;
    end: () => Promise<unknown>;
  }) => Promise<void>,
): Promise<void> {
  const owner = person();
  return runInDurableObject(vaultOf(owner), async (_vault, { storage }) => {
    const records = new VaultRecords(storage, env.VAULT_KEYS, async () => undefined);
    const given = staleGrant("refresh", { token_expires_at: expiresAtMilliseconds, token_issued_at: Date.now() });
    const text = JSON.stringify({ ...given, state: "ready", rotates: null, connected_at: 0 });
    const record = { kind: "grant", id: RESOURCE, upstream: UPSTREAM, text, signedInAtMilliseconds: 1 } as const;
    await records.put(owner, record);
    const use = (findServer: () => unknown = () => null): Promise<unknown> => {
      const outside = { servers: { findNow: async () => findServer() }, clients: { prove: async () => null } };
      const egress = {
        exchange: () => {
          throw new TypeError("nothing may be sent");
        },
      };
      const grants = new KeptGrants({ records, egress, ...outside } as never);
      return grants.current({ owner, kind: "grant", id: RESOURCE }, { binding: given.binding, isRefused: false });
    };
    await test({
      records,
      use,
      keepAnother: () => records.put(owner, { ...record, id: "another", signedInAtMilliseconds: 2 }),
      end: () => records.endSignIns(["grant"], 1),
    });
  });
}

it("a grant that went while it was being opened is given to nobody", () =>
  withGrant(9e15, async ({ records, use, end }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const open = records.open.bind(records);
    vi.spyOn(records, "open").mockImplementation(async (...asked) => {
      const opened = await open(...asked);
      await promise;
      return opened;
    });
    const using = use();
    using.catch(() => undefined);
    await end();
    resolve();
    await expect(using).rejects.toMatchObject(REFUSED);
  }));

it("a grant that is about to go when it is written anew does not come back, and nothing is sent", () =>
  withGrant(1, async ({ records, use, keepAnother, end }) => {
    // The end has its turn after another change, and so after the last look before the writing.
    const using = use(() => {
      void keepAnother();
      void end();
    });
    await expect(using).rejects.toMatchObject(REFUSED);
    expect(records.versionOf({ kind: "grant", id: RESOURCE })).toBeNull();
    expect(records.versionOf({ kind: "grant", id: "another" })).not.toBeNull();
  }));
