import type { StoreHandler } from "./store-server.ts";

/** KV, as the runtime's binding asks it: GET /<key>, 404 for a key that is not there. */
export function serveDocuments(documents: Readonly<Record<string, string>>): StoreHandler {
  return ({ path }) => {
    const key = decodeURIComponent(new URL(path, "http://kv").pathname.slice(1));
    const text = documents[key];
    return text === undefined ? { status: 404 } : { status: 200, body: text };
  };
}
