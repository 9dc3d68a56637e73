import { createHash, randomUUID } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import * as z from "zod";
import { adminAudience, SIGNED_REQUEST_TYPE } from "../../src/admin/authentication/signed-request.ts";
import { LIMITS } from "../../src/limits.ts";
import type { AdminKey } from "../admin-key.ts";
import { CommandError } from "../command-error.ts";
import { describeReason, isReason } from "../explain/reasons.ts";

export interface AdminRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Below /admin/v1, with its query. */
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface AdminServer {
  /** Where it listens. */
  readonly url: string;
  /** What it calls itself, which is what a request is signed for. */
  readonly issuer: string;
  readonly key: AdminKey;
}

const problemSchema = z.looseObject({
  title: z.string(),
  reason: z.string().optional(),
  path: z.string().optional(),
  detail: z.string().optional(),
  correlation_id: z.string().optional(),
});

/** The server said no. */
export class AdminRefused extends CommandError {
  override readonly name = "AdminRefused";
  /** Where in the request, as in `accounts.2`; empty where it is not about a place. */
  readonly path: string;

  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

const DEADLINE_MILLISECONDS = 30_000;

/** Requests of one administrator, each signed for itself alone: its method, its URL and its body, for a minute. */
export class AdminClient {
  readonly #server: AdminServer;

  constructor(server: AdminServer) {
    this.#server = server;
  }

  get url(): string {
    return this.#server.url;
  }

  /** @throws AdminRefused with what the server says and how to mend it; CommandError where none answers */
  async ask<Answer>(request: AdminRequest, schema: z.ZodType<Answer>): Promise<Answer> {
    const response = await this.#send(request);
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) {
      const { path = "" } = problemSchema.safeParse(answer).data ?? {};
      throw new AdminRefused(`${this.#server.url}: ${describeProblem(answer, response.status)}`, path);
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new CommandError(
      `${this.#server.url} answered something else than expected. Use the command line of the version that is deployed.`,
    );
  }

  async #send({ method, path, body = "", headers = {} }: AdminRequest): Promise<Response> {
    const { url, issuer } = this.#server;
    const asked = new URL(`/admin/v1${path}`, url);
    const authorization = `Crossgate-Admin ${await this.#sign(method, `${issuer}${asked.pathname}${asked.search}`, body)}`;
    try {
      return await fetch(asked, {
        method,
        headers: { ...headers, authorization, ...(body === "" ? {} : { "content-type": "application/json" }) },
        redirect: "manual",
        signal: AbortSignal.timeout(DEADLINE_MILLISECONDS),
        ...(body === "" ? {} : { body }),
      });
    } catch (error) {
      const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause : error).message : "";
      throw new CommandError(`${url} did not answer: ${reason}. See that it runs, and that --url names it.`);
    }
  }

  async #sign(method: string, url: string, body: string): Promise<string> {
    const { name, key } = this.#server.key;
    const digest = createHash("sha256").update(body, "utf8").digest("base64url");
    return new SignJWT({ htm: method, htu: url, body_sha256: digest })
      .setProtectedHeader({ typ: SIGNED_REQUEST_TYPE, alg: key.alg, kid: key.kid })
      .setIssuer(name)
      .setAudience(adminAudience(this.#server.issuer))
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${LIMITS.adminRequestLifetimeSeconds}s`)
      .sign(await importJWK(key, key.alg));
  }
}

function describeProblem(answer: unknown, status: number): string {
  const problem = problemSchema.safeParse(answer).data;
  if (status === 401) {
    return "this key opens nothing here. See that its admin: document is in KV and enabled, that --url is exactly the deployment's ISSUER, and that this machine's clock is right.";
  }
  if (problem === undefined) return `status ${status}. See that --url names a Crossgate.`;
  const { title, reason = "", path = "", detail = "", correlation_id = "" } = problem;
  const where = [path, detail].filter((text) => text !== "").join(": ");
  const fix = isReason(reason) ? ` ${describeReason(reason).fix}` : "";
  return `${title}${where === "" ? "" : ` (${where})`}.${fix} Correlation id ${correlation_id}.`;
}
