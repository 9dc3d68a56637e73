import {
  Client,
  type ClientCapabilities,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import { onTestFinished } from "vitest";
import { observedFetch, type Observation } from "../../../demo/observed-fetch.ts";

interface Connected {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
  /** What went over the wire, request by request. */
  readonly observed: readonly Observation[];
}

/** The official client, with a token that somebody else has got for it. */
export async function connectClient(
  url: string,
  token: string,
  mode: VersionNegotiationMode,
  capabilities: ClientCapabilities = {},
): Promise<Connected> {
  const observed: Observation[] = [];
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    authProvider: { token: async () => token },
    fetch: observedFetch((observation) => void observed.push(observation)),
  });
  const options = { versionNegotiation: { mode }, capabilities };
  const client = new Client({ name: "client-of-the-tests", version: "1.0.0" }, options);
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, transport, observed };
}
