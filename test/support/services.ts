import { env } from "cloudflare:workers";
import { buildServices, type Services } from "../../src/services/services.ts";
import { handleTokenRequest } from "../../src/token-endpoint/token-endpoint.ts";
import { readAnswer, type TokenAnswer } from "./tenant.ts";

export interface Isolate {
  readonly services: Services;
  /** What it wrote to the operator's log. */
  readonly logged: Readonly<Record<string, string>>[];
  /** Settles when all background work has. */
  readonly settled: () => Promise<unknown>;
  readonly redeem: (request: Request) => Promise<TokenAnswer>;
}

/**
 * The deployment's own composition in an isolate of its own: caches are empty, and a binding may be one that fails,
 * which is how an outage looks from a Worker.
 */
export function startIsolate(overrides: Partial<Record<keyof Env, unknown>> = {}): Isolate {
  const logged: Readonly<Record<string, string>>[] = [];
  const background: Promise<unknown>[] = [];
  const services = buildServices({ ...env, ...overrides } as Env, {
    waitUntil: (promise) => void background.push(promise),
    log: (entry) => void logged.push(entry),
  });
  return {
    services,
    logged,
    settled: () => Promise.all(background),
    redeem: async (request) => readAnswer(await handleTokenRequest(request, services.token)),
  };
}

/** An object namespace each of whose objects answers every call with what `answer` says, or fails with it. */
export function namespaceOf(answer: () => Promise<unknown>): unknown {
  const stub = { consume: answer, record: answer, find: answer, resolve: answer };
  return { getByName: () => stub };
}
