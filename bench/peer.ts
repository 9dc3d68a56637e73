import { createHash } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PARTIES } from "./assertions.ts";
import { CLIENT_ID, type Deployment } from "./deployment.ts";
import { writeWorker } from "./runtime/worker-sources.ts";
import type { Binding, Module, WorkerdConfig, WorkerService } from "./runtime/workerd-config.ts";
import { platform, type SubjectFiles } from "./subject-files.ts";

const PACKAGE = "@cloudflare/workers-oauth-provider";
const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const STATE = "state";

/** Cloudflare's OAuth provider, with KV as a simulator has it or with memory in its place. */
export async function peerConfig(files: SubjectFiles, keyValue: "binding" | "memory"): Promise<WorkerdConfig> {
  const { deployment, directory, stateDirectory } = files;
  const records = JSON.stringify(recordsOf(deployment));
  const worker: WorkerService = {
    ...platform,
    name: "worker",
    modules: [await writeWorker("peer", directory), await copyPackage(directory)],
    bindings: [
      { name: "OAUTH_KV", kind: "kvNamespace", to: { service: "stores", entrypoint: "keyValue" } },
      { name: "KV", kind: "text", value: keyValue },
      { name: "RECORDS", kind: "json", value: records },
      { name: "PARTIES", kind: "json", value: JSON.stringify(partiesOf(deployment)) },
    ],
    durableObjects: [],
    outbound: { service: "stores", entrypoint: "identityProvider" },
  };
  const stores: WorkerService = {
    ...platform,
    name: "stores",
    modules: [await writeWorker("peer-stores", directory)],
    bindings: storeBindings(deployment, records),
    durableObjects: ["KeyValueStore"],
    storage: STATE,
  };
  const sockets = [
    { name: "http", service: "worker" },
    { name: "stores", service: "stores" },
  ];
  return { services: [{ name: STATE, directory: stateDirectory }, worker, stores], sockets, extensions: [] };
}

function storeBindings({ idp }: Deployment, records: string): Binding[] {
  return [
    { name: "KEY_VALUE", kind: "durableObjectNamespace", className: "KeyValueStore" },
    { name: "RECORDS", kind: "json", value: records },
    { name: "KEY_SET", kind: "json", value: JSON.stringify({ keys: [idp.publicJwk] }) },
  ];
}

function partiesOf({ resource }: Deployment): object {
  return { issuer: PARTIES.issuer, keySet: `${PARTIES.issuer}/jwks`, resource };
}

/** Its whole configuration in KV: the one client, as the provider itself would have written it. */
function recordsOf({ clientSecret }: Deployment): Readonly<Record<string, string>> {
  const client = {
    clientId: CLIENT_ID,
    clientSecret: createHash("sha256").update(clientSecret).digest("hex"),
    redirectUris: ["https://agent.example/callback"],
    clientName: "Desktop agent",
    grantTypes: [GRANT_TYPE],
    responseTypes: [],
    registrationDate: 1,
    tokenEndpointAuthMethod: "client_secret_basic",
  };
  return { [`client:${CLIENT_ID}`]: JSON.stringify(client) };
}

/** The published module as it is. Bare names are found beside the module that imports them. */
async function copyPackage(directory: string): Promise<Module> {
  const file = "oauth-provider.js";
  await copyFile(createRequire(import.meta.url).resolve(PACKAGE), join(directory, file));
  return { name: `bench/workers/${PACKAGE}`, file };
}
