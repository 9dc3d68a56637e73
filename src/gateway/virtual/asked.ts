import type { VirtualServer } from "../../trust/protected-resource.ts";
import type { Caller } from "../authorization.ts";
import type { Authorization } from "../bearer.ts";
import type { Call } from "../call-record.ts";
import type { Message } from "../message.ts";

/** A message of a virtual server that its policy permits. */
export interface Asked {
  readonly call: Call;
  readonly server: VirtualServer;
  readonly message: Message;
  readonly caller: Caller;
  readonly authorization: Authorization;
}

/** What is asked of a virtual server; null where there is no message, but a connection alone. */
export type VirtualRequest = Omit<Asked, "message"> & { readonly message: Message | null };
