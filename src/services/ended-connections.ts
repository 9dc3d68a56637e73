import { Connections } from "../../durable-objects/connections.ts";
import type { Revocations } from "../../durable-objects/revocations.ts";
import { endsSomething } from "../revocation/fence.ts";
import type { Parts } from "./parts.ts";

type Orders = Pick<Revocations, "order" | "join" | "status" | "find" | "list" | "streamNotes" | "replaceDocument">;

/**
 * The registry, with what a revoked person had connected forgotten besides. The revocation comes first and holds by
 * itself; when the vaults do not answer the order is given once more, and finds done what was done.
 */
export function endingConnections(revocations: Orders, { vaults }: Pick<Parts, "vaults">): Orders {
  const connections = new Connections((owner) => vaults.vaultOf(owner));
  return {
    status: (version) => revocations.status(version),
    find: (name) => revocations.find(name),
    list: (prefix) => revocations.list(prefix),
    streamNotes: () => revocations.streamNotes(),
    replaceDocument: (replaced) => revocations.replaceDocument(replaced),
    async order(names, order) {
      const status = await revocations.order(names, order);
      if (order !== "restore") await connections.forget(names);
      return status;
    },
    async join(fences, giver) {
      const status = await revocations.join(fences, giver);
      await connections.forget(fences.filter((fence) => endsSomething(fence)).map(({ name }) => name));
      return status;
    },
  };
}
