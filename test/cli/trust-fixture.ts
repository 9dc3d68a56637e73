import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const SECRET_DIGEST = `hmac-sha256:${"0".repeat(64)}`;

export const SOUND_DOCUMENTS = {
  "idp/example.json": {
    issuer: "https://idp.example.com",
    name: "Example",
    organization: "acme",
    key_set: { jwks_uri: "https://idp.example.com/jwks" },
  },
  "client/agent.json": {
    client_id: "agent",
    name: "An agent",
    authentication: { methods: ["client_secret_basic"], secret_digests: [SECRET_DIGEST] },
    resources: ["http://127.0.0.1:8787/mcp"],
    scopes: "any",
  },
  "resource/everything.json": {
    resource: "http://127.0.0.1:8787/mcp",
    name: "Everything",
    upstream: "http://127.0.0.1:9000/mcp",
    scopes: {},
  },
  "policy/acme.json": { organization: "acme", rules: [] },
} as const;

/** Writes beside and renames, as editors do, so that a watcher never sees half a file. */
export async function writeDocument(directory: string, name: string, content: unknown): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.draft`, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  await rename(`${path}.draft`, path);
  return path;
}

export async function writeSoundDocuments(directory: string): Promise<void> {
  for (const [name, content] of Object.entries(SOUND_DOCUMENTS)) await writeDocument(directory, name, content);
}
