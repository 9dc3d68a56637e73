import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Answer, startProvider } from "../idp/provider.ts";
import { runCrossgate } from "../run-crossgate.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const RESOURCE = "https://mcp.example.com/files/mcp";
const JSON_TYPE = { "content-type": "application/json" };

/** An MCP server that wants a token, and its authorization server at the same address. */
function guarded(origin: string, metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, Answer>> {
  return {
    "/mcp": { status: 401 },
    "/.well-known/oauth-protected-resource/mcp": {
      headers: JSON_TYPE,
      body: { resource: `${origin}/mcp`, authorization_servers: [origin] },
    },
    "/.well-known/oauth-authorization-server": {
      headers: JSON_TYPE,
      body: {
        issuer: origin,
        token_endpoint: `${origin}/token`,
        authorization_endpoint: `${origin}/authorize`,
        code_challenge_methods_supported: ["S256"],
        ...metadata,
      },
    },
  };
}

async function add(origin: string, ...options: readonly string[]) {
  const directory = await temporaryDirectory();
  const outcome = await runCrossgate([
    "upstream",
    "add",
    `${origin}/mcp`,
    directory,
    "--resource",
    RESOURCE,
    ...options,
  ]);
  const path = join(directory, "resource", "mcp.example.com-files-mcp.json");
  const text = await readFile(path, "utf8").catch(() => null);
  return { ...outcome, document: text === null ? null : (JSON.parse(text) as Record<string, unknown>) };
}

describe("crossgate upstream add", () => {
  it("presents nothing to a server that asks for nothing, and says what that means", async () => {
    const origin = await startProvider(() => ({
      "/mcp": { headers: JSON_TYPE, body: { jsonrpc: "2.0", id: 1, result: {} } },
    }));
    const { code, stdout, document } = await add(origin);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      resource: RESOURCE,
      upstream: `${origin}/mcp`,
      upstream_credential: { type: "none" },
    });
    expect(stdout).toContain("Nobody but Crossgate should be able to reach it");
  });

  it("has each person connect where the server does OAuth and reads who we are", async () => {
    const origin = await startProvider((own) =>
      guarded(own, {
        client_id_metadata_document_supported: true,
        token_endpoint_auth_methods_supported: ["private_key_jwt"],
      }),
    );
    const { document, stdout } = await add(origin);
    expect(document?.["upstream_credential"]).toEqual({
      type: "authorization_code",
      authorization_server: origin,
      client: { kind: "metadata_document" },
    });
    expect(stdout).toContain("/.well-known/crossgate-client");
    expect(stdout).not.toContain("redirect URI");
  });

  it("says what to register where it does not, and takes the registration", async () => {
    const origin = await startProvider((own) => guarded(own, {}));
    const lacking = await add(origin);
    expect(lacking).toMatchObject({ code: 1, document: null });
    expect(lacking.stderr).toMatch(
      /--client-id[^]*redirect URI {2}https:\/\/mcp\.example\.com\/connect\/callback\/[\w-]{22}\n/,
    );
    const { document, stdout } = await add(origin, "--client-id", "crossgate-7");
    const stem = new URL(origin).host.replace(":", "-");
    expect(document?.["upstream_credential"]).toMatchObject({
      client: { kind: "registered", client_id: "crossgate-7", method: "client_secret_basic", secret: stem },
    });
    expect(stdout).toContain(`npx crossgate vault set ${stem}`);
  });

  it("speaks Cross App Access with a server that does, by a provider that is named", async () => {
    const profiles = { authorization_grant_profiles_supported: ["urn:ietf:params:oauth:grant-profile:id-jag"] };
    const origin = await startProvider((own) => guarded(own, profiles));
    const idp = ["--idp", "https://idp.example.com", "--idp-client-id", "here", "--client-id", "there"];
    const { document } = await add(origin, ...idp);
    expect(document?.["upstream_credential"]).toMatchObject({
      type: "xaa",
      idp: "https://idp.example.com",
      idp_client: { client_id: "here" },
      client: { client_id: "there" },
    });
    const plain = await startProvider((own) => guarded(own, {}));
    expect((await add(plain, ...idp)).stderr).toContain("does not say that it redeems ID-JAGs");
  });

  it("asks for a secret where the server says no and nothing more", async () => {
    const origin = await startProvider(() => ({ "/mcp": { status: 401 } }));
    const { document, stdout } = await add(origin, "--json");
    expect(document?.["upstream_credential"]).toMatchObject({ type: "secret" });
    expect(JSON.parse(stdout)).toMatchObject({ credential: { type: "secret" }, redirect_uri: null });
  });

  it("writes nothing for what is no MCP server, without PKCE, or over a file that is there", async () => {
    const none = await startProvider(() => ({}));
    expect(await add(none)).toMatchObject({ code: 1, document: null });
    const unsafe = await startProvider((own) => guarded(own, { code_challenge_methods_supported: ["plain"] }));
    expect((await add(unsafe)).stderr).toContain("PKCE");
    const open = await startProvider(() => ({ "/mcp": { headers: JSON_TYPE, body: {} } }));
    const directory = await temporaryDirectory();
    const command = ["upstream", "add", `${open}/mcp`, directory, "--resource", RESOURCE];
    expect((await runCrossgate(command)).code).toBe(0);
    expect((await runCrossgate(command)).stderr).toContain("Edit the file that is there");
    expect((await runCrossgate(["upstream", "add", open])).code).toBe(2);
  });
});
