import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { exportJWK, generateKeyPair } from "jose";
import { defineConfig } from "vitest/config";
import { findPureFiles } from "./project/pure-files.ts";
import { createVaultKeys } from "../cli/vault-keys.ts";

const migrations = await readD1Migrations("./migrations");

/** A local issuer, so that loopback key sets and upstreams are allowed as they are in `npm run dev`. */
const TEST_SECRETS = {
  CLIENT_SECRET_PEPPER: "pepper-of-the-tests",
  STATE_SECRET: "nonce-secret-of-the-tests",
  AUDIT_SIGNING_KEYS: JSON.stringify({ keys: [await makeSigningKey("current")] }),
  VAULT_KEYS: JSON.stringify(createVaultKeys()),
  SIGNING_KEYS: JSON.stringify({ keys: [await makeSigningKey("current"), await makeSigningKey("next")] }),
};

const TEST_BINDINGS = {
  ISSUER: "http://127.0.0.1:8787",
  LEDGER_SHARDS: "4",
  TEST_MIGRATIONS: migrations,
  ...TEST_SECRETS,
  // Each begins with the origin that it may be sent to.
  SINK_SIEM: `https://siem.example.net whsec_${btoa("the-webhook-secret-of-the-tests!")}`,
  SINK_DEAD: `https://dead.example.net whsec_${btoa("another-webhook-secret-of-tests!")}`,
  SINK_SPLUNK: "https://splunk.example.net:8088 00000000-0000-0000-0000-0000005p1unk",
  SINK_OTLP: "https://otlp.example.net Bearer the-token-of-the-collector",
  SINK_SHAPELESS: "https-no-origin",
};
// Where wrangler looks for the secrets that wrangler.toml requires; it warns about each that it does not find.
Object.assign(process.env, TEST_SECRETS);

async function makeSigningKey(status: string): Promise<object> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: `test-${status}`, alg: "ES256", use: "sig", status };
}

/** A bound on what hangs and no judgement of speed: a busy machine takes several times as long as an idle one. */
const PATIENCE_MILLISECONDS = 60_000;

/** The gate gives what a busy machine starved a second chance, and the report names each test that took it. */
const RETRIES = Number(process.env["CROSSGATE_TEST_RETRIES"] ?? 0);

const ON_NODE = ["journeys", "cli", "project"].map((directory) => `test/${directory}/**/*.test.ts`);

/** As deployed: with an issuer that is https, nothing on this machine is contacted. */
const IN_PRODUCTION = ["test/production/**/*.test.ts"];

/** Whatever is below these leaves nothing behind, as far as the others are concerned. */
const PURE_DIRECTORIES = [
  "approval",
  "connect",
  "jwt",
  "policy",
  "http",
  "dpop",
  "revocation",
  "redemption",
  "metadata",
  "oauth-client",
  "vault",
  "credentials",
];

/** They share one isolate: to start one for each takes longer than most of them. */
const PURE = [
  ...PURE_DIRECTORIES.map((directory) => `test/${directory}/**/*.test.ts`),
  ...findPureFiles("test/**/*.test.ts").filter((file) => !/^test\/(?:journeys|cli|project|production)\//.test(file)),
];

export default defineConfig({
  test: {
    // One for each core of the machine that this is made for; by default one of two would stand idle.
    maxWorkers: 2,
    retry: RETRIES,
    projects: [
      {
        plugins: [
          cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { bindings: TEST_BINDINGS } }),
        ],
        test: {
          name: "pure",
          isolate: false,
          testTimeout: PATIENCE_MILLISECONDS,
          hookTimeout: PATIENCE_MILLISECONDS,
          include: PURE,
        },
      },
      {
        plugins: [
          cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { bindings: TEST_BINDINGS } }),
        ],
        test: {
          name: "worker",
          testTimeout: PATIENCE_MILLISECONDS,
          hookTimeout: PATIENCE_MILLISECONDS,
          include: ["test/**/*.test.ts"],
          exclude: [...PURE, ...ON_NODE, ...IN_PRODUCTION],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { ...TEST_BINDINGS, ISSUER: "https://crossgate.example" } },
          }),
        ],
        test: {
          name: "production",
          testTimeout: PATIENCE_MILLISECONDS,
          include: IN_PRODUCTION,
          globalSetup: "./test/production/listeners.ts",
        },
      },
      {
        test: {
          name: "node",
          environment: "node",
          include: ON_NODE,
          testTimeout: 4 * PATIENCE_MILLISECONDS,
          hookTimeout: 4 * PATIENCE_MILLISECONDS,
        },
      },
    ],
  },
});
