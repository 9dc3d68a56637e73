import { digestClientSecret } from "../../../cli/client-secret.ts";
import { withBackend } from "../../../cli/backend/open-backend.ts";
import { reservePort } from "../../../cli/listening-port.ts";
import { ensureLocalSecrets } from "../../../cli/secrets.ts";
import { redeem, type Redemption } from "../../../demo/redeem.ts";
import type { Search } from "../../../src/audit/search-records.ts";
import { CrossgateProcess } from "../../cli/crossgate-process.ts";
import { type CommandOutcome, runCrossgate } from "../../cli/run-crossgate.ts";
import { temporaryDirectory } from "../../cli/temporary-directory.ts";
import { writeDocument } from "../../cli/trust-fixture.ts";
import {
  clientDocument,
  IDP,
  idpDocument,
  type Members,
  permitRule,
  policyDocument,
  resourceDocument,
} from "../../support/documents.ts";
import { TestIdp, validClaims } from "../../support/test-idp.ts";
import { type Script, startScriptedUpstream } from "./scripted-upstream.ts";

const SECRET = "the-secret-of-the-agent-in-this-test";
const CAEP = "https://schemas.openid.net/secevent/caep/event-type/";

const EVERYTHING = { text: null, fromMilliseconds: null, toMilliseconds: null, before: null, limit: 50 } as const;

interface Differences {
  readonly idp?: Members;
  readonly resource?: Members;
  readonly script?: Script;
}

/** A `crossgate dev` of its own with one server behind it, a provider, and the command line beside it. */
export interface RevocableCrossgate {
  readonly state: string;
  readonly issuer: string;
  readonly server: string;
  readonly signIn: (sub?: string) => Promise<Redemption>;
  readonly tokenOf: (sub: string) => Promise<string>;
  /** A command, on its state. */
  readonly run: (...words: readonly string[]) => Promise<CommandOutcome>;
  /** Records that have come to the index, newest first. */
  readonly search: (members: Search["members"]) => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** @returns the status that the provider gets */
  readonly push: (event: string, sub: string) => Promise<number>;
  readonly stop: () => Promise<void>;
}

export async function startRevocableCrossgate({
  idp,
  resource,
  script,
}: Differences = {}): Promise<RevocableCrossgate> {
  const [config, state] = [await temporaryDirectory(), await temporaryDirectory()];
  const { CLIENT_SECRET_PEPPER } = await ensureLocalSecrets(state);
  const [provider, upstream] = [await TestIdp.start(), await startScriptedUpstream(script)];
  const port = await reservePort("127.0.0.1", 0);
  const issuer = `http://127.0.0.1:${port}`;
  const server = `${issuer}/mcp/files`;
  const authentication = {
    methods: ["client_secret_basic"],
    secret_digests: [digestClientSecret(SECRET, CLIENT_SECRET_PEPPER)],
  };
  const served = { ...resourceDocument({ resource: server, upstream: upstream.url }), ...resource };
  await writeDocument(config, "idp/example.json", { ...idpDocument({ key_set: provider.jwks }), ...idp });
  await writeDocument(config, "client/agent.json", clientDocument({ authentication, resources: [server] }));
  await writeDocument(config, "resource/files.json", served);
  await writeDocument(config, "policy/acme.json", policyDocument({ rules: [permitRule({ resources: [server] })] }));
  const dev = new CrossgateProcess(["dev", "--config", config, "--state", state, "--port", `${port}`, "--json"]);
  await dev.line('"event":"listening"');
  const signIn = async (sub = "user-ada"): Promise<Redemption> => {
    const claims = validClaims({ aud: issuer, resource: server, jti: crypto.randomUUID(), sub });
    return redeem({ issuer, clientId: "agent", clientSecret: SECRET, assertion: await provider.sign(claims) });
  };
  const run = (...words: readonly string[]): Promise<CommandOutcome> => runCrossgate([...words, "--state", state]);
  return {
    state,
    issuer,
    server,
    signIn,
    run,
    tokenOf: async (sub) => {
      const { accessToken } = await signIn(sub);
      if (accessToken === undefined) throw new Error("no access token");
      return accessToken;
    },
    search: (members) =>
      withBackend({ kind: "local", stateDirectory: state, issuer: undefined }, async ({ audit }) => {
        const found = await audit.search({ ...EVERYTHING, members });
        return found.map(({ event }) => JSON.parse(event) as Readonly<Record<string, unknown>>);
      }),
    push: (event, sub) => pushSignal({ issuer, provider }, event, sub),
    stop: async () => {
      dev.signal("SIGTERM");
      await Promise.all([dev.ended(), upstream.close()]);
    },
  };
}

interface Sender {
  readonly issuer: string;
  readonly provider: TestIdp;
}

async function pushSignal({ issuer, provider }: Sender, event: string, sub: string): Promise<number> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: IDP,
    aud: issuer,
    jti: crypto.randomUUID(),
    iat: nowSeconds,
    sub_id: { format: "iss_sub", iss: IDP, sub },
    events: { [`${CAEP}${event}`]: { event_timestamp: nowSeconds } },
  };
  const body = await provider.sign(claims, { header: { typ: "secevent+jwt" } });
  const headers = { "content-type": "application/secevent+jwt" };
  const response = await fetch(`${issuer}/signals`, { method: "POST", headers, body });
  await response.body?.cancel();
  return response.status;
}
