import { waitUntil } from "cloudflare:workers";
import { Router } from "itty-router";
import { handleAdminRequest } from "./admin/admin-endpoint.ts";
import { handleConnectRequest } from "./connect/connect-endpoint.ts";
import { CLIENT_DOCUMENT_PATH, clientDocument } from "./connect/client-document.ts";
import { type AuditStores, consumeAuditBatches } from "./audit/consumer.ts";
import { log } from "./audit/operator-log.ts";
import { Outage } from "./audit/reason.ts";
import { handleGatewayRequest } from "./gateway/gateway.ts";
import { respondJson } from "./http/respond.ts";
import { explainAuthorize } from "./metadata/authorize.ts";
import { LIMITS } from "./limits.ts";
import {
  respondAuthorizationServerMetadata,
  respondEvidence,
  respondKeySet,
  respondProtectedResourceMetadata,
} from "./metadata/metadata-routes.ts";
import { explainApproval } from "./metadata/approval-page.ts";
import { respondSchema } from "./metadata/published-schemas.ts";
import { handleGlobalRevocation } from "./signals/global-token-revocation.ts";
import { handleSignal } from "./signals/push-endpoint.ts";
import { runPollRound } from "./poll-round.ts";
import { GLOBAL_REVOCATION_PATH } from "./signals/revocation-caller.ts";
import { parseConfig } from "./config.ts";
import { Sinks } from "../durable-objects/sinks.ts";
import { buildServices, type Services } from "./services/services.ts";
import { runUpkeep } from "./upkeep.ts";
import { handleIntrospectionRequest } from "./token-endpoint/introspection-endpoint.ts";
import { handleRevocationRequest } from "./token-endpoint/revocation-endpoint.ts";
import { handleTokenRequest } from "./token-endpoint/token-endpoint.ts";

export { AccountDirectory } from "../durable-objects/account-directory.ts";
export { ApprovalDesk } from "../durable-objects/approval-desk.ts";
export { AssertionLedger } from "../durable-objects/assertion-ledger.ts";
export { AuditSink } from "../durable-objects/audit-sink.ts";
export { CallCounter } from "../durable-objects/call-counter.ts";
export { ClientDocumentSet } from "../durable-objects/client-document-set.ts";
export { DocumentEdits } from "../durable-objects/document-edits.ts";
export { IssuerKeySet } from "../durable-objects/issuer-key-set.ts";
export { RevocationRegistry } from "../durable-objects/revocation-registry.ts";
export { Vault } from "../durable-objects/vault.ts";

const AUTHORIZATION_SERVER_FORMS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
const PROTECTED_RESOURCE_FORM = "/.well-known/oauth-protected-resource";

const router = Router<Request, [Services]>();
router
  .all("/token", (request, services) => outlasting(handleTokenRequest(request, services.token)))
  .all("/admin", (request, services) => outlasting(handleAdminRequest(request, services.admin)))
  .all("/admin/*", (request, services) => outlasting(handleAdminRequest(request, services.admin)))
  .all("/revoke", (request, { revocation }) => outlasting(handleRevocationRequest(request, revocation)))
  .all("/introspect", (request, { introspection }) => outlasting(handleIntrospectionRequest(request, introspection)))
  .all("/signals", (request, { signals }) => outlasting(handleSignal(request, signals)))
  .all(GLOBAL_REVOCATION_PATH, (request, { globalRevocation }) =>
    outlasting(handleGlobalRevocation(request, globalRevocation)),
  )
  .all("/connect", (request, { connect }) => outlasting(handleConnectRequest(request, connect)))
  .all("/connect/*", (request, { connect }) => outlasting(handleConnectRequest(request, connect)))
  .all("/authorize", (request) => explainAuthorize(request));
publish("/approvals/*", (request) => explainApproval(request));
publish("/jwks", async (_request, { publishedKeys }) => respondKeySet(await publishedKeys()));
publish("/.well-known/crossgate-audit-checkpoint", async (_request, { evidence }) => respondEvidence(await evidence()));
publish(CLIENT_DOCUMENT_PATH, (_request, { config }) => respondJson(200, clientDocument(config.issuer)));
publish("/health", () => respondJson(200, { status: "ok" }));
publish(PROTECTED_RESOURCE_FORM, protectedResource);
publish(`${PROTECTED_RESOURCE_FORM}/*`, protectedResource);
publish("/schemas/*", (request, { config }) => respondSchema(new URL(request.url).pathname, config.issuer));
for (const form of AUTHORIZATION_SERVER_FORMS) {
  publish(form, (_request, { config }) => respondAuthorizationServerMetadata(config.issuer));
  publish(`${form}/*`, (request, services) => authorizationServerOfServer(form, request, services));
}
router.all(
  "*",
  async (request, { gateway }) => (await outlasting(handleGatewayRequest(request, gateway))) ?? notFound(),
);

/** A document that anyone may read; whoever asks for its head alone is told the same without it (RFC 9110 §9.3.2). */
function publish(path: string, answer: (request: Request, services: Services) => Response | Promise<Response>): void {
  router.get(path, answer);
  router.head(path, async (request, services) => {
    const { status, headers } = await answer(request, services);
    return new Response(null, { status, headers });
  });
}

/** A caller who hangs up would otherwise stop us between a decision and its record, and nobody would know of it. */
function outlasting<Answer>(answer: Promise<Answer>): Promise<Answer> {
  waitUntil(answer);
  return answer;
}

function protectedResource(request: Request, services: Services): Promise<Response> {
  return respondProtectedResourceMetadata(request, { ...services, issuer: services.config.issuer });
}

/** Clients that take an MCP server's URL for the authorization server's append its path here. */
async function authorizationServerOfServer(form: string, request: Request, services: Services): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  const serverPath = pathname.slice(form.length).replace(/\/\.well-known\/openid-configuration$/, "");
  const found = await services.findResource(`${origin}${serverPath}`);
  return found?.document.enabled === true ? respondAuthorizationServerMetadata(services.config.issuer) : notFound();
}

function notFound(): Response {
  return respondJson(404, { error: "not_found" });
}

/** Metadata that needs a document is down with what holds the documents, and its reader may come back. */
function unavailable({ reason }: Outage): Response {
  log({ event: "outage", reason });
  const retryAfter = String(LIMITS.retryAfterSeconds);
  return respondJson(503, { error: "temporarily_unavailable" }, { "retry-after": retryAfter });
}

/** As wrangler.toml spells it. */
const HOURLY = "7 * * * *";
const EVERY_MINUTE = "* * * * *";

let built: Services | null = null;

/** Once an isolate. A configuration that does not parse serves nothing, and says which variable to set. */
function servicesOf(env: Env): Services {
  built ??= buildServices(env, { waitUntil, log });
  return built;
}

let sinks: Sinks | null = null;

function makeSinks(env: Env): Sinks {
  const { ledger: placement } = parseConfig(env);
  return new Sinks({ documents: env.TRUST_AND_POLICY, objects: env.AUDIT_SINK, placement });
}

function auditStores(env: Env): AuditStores {
  const { AUDIT_ARCHIVE: archive, AUDIT_INDEX: index, ASSERTION_LEDGER: ledgers } = env;
  return {
    archive,
    index,
    announce: () => (sinks ??= makeSinks(env)).hear(Date.now()),
    confirm: async (ledger, confirmed) => ledgers.get(ledgers.idFromString(ledger)).confirm([...confirmed]),
  };
}

export default {
  async fetch(request, env): Promise<Response> {
    try {
      return (await router.fetch(request, servicesOf(env))) as Response;
    } catch (error) {
      if (error instanceof Outage) return unavailable(error);
      // Configuration errors name a variable; anything else is told by its class, since a message may quote its input.
      const isConfiguration = error instanceof Error && /^(?:Config|SigningKeys)Invalid$/.test(error.name);
      log({
        event: "fault",
        class: error instanceof Error ? error.name : typeof error,
        ...(isConfiguration ? { message: error.message } : {}),
      });
      return respondJson(isConfiguration ? 503 : 500, { error: "server_error" });
    }
  },

  async scheduled({ cron }, env): Promise<void> {
    if (cron === EVERY_MINUTE) await runPollRound(env.TRUST_AND_POLICY, servicesOf(env));
    else await runUpkeep(env, cron === HOURLY);
  },

  async queue(batch, env): Promise<void> {
    await consumeAuditBatches(batch, auditStores(env));
  },
} satisfies ExportedHandler<Env>;
