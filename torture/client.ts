import { Agent, request } from "node:http";
import type { Deployment } from "../bench/deployment.ts";
import { tokenBody, tokenTemplate } from "../bench/token-requests.ts";
import type { History, Told } from "./history.ts";

export interface Assertion {
  readonly jti: string;
  readonly text: string;
}

interface Answer {
  readonly status: number;
  readonly correlationId: string | null;
  readonly body: string;
}

const ANSWER_WITHIN_MILLISECONDS = 20_000;

/** One agent of the enterprise, which presents what it was given and writes down what it was told. */
export class Client {
  readonly #template: ReturnType<typeof tokenTemplate>;
  readonly #history: History;
  #agent = new Agent({ keepAlive: true });

  constructor(deployment: Deployment, history: History) {
    this.#template = tokenTemplate(deployment, deployment.clientSecret);
    this.#history = history;
  }

  async present({ jti, text }: Assertion, port: number): Promise<void> {
    const answer = await this.#ask(tokenBody(text), port).catch(() => null);
    const correlationId = answer?.correlationId ?? null;
    this.#history.add({ assertion: jti, told: read(answer), correlationId });
  }

  /** The connections of a runtime that is dead. */
  forgetConnections(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
  }

  #ask(body: string, port: number): Promise<Answer> {
    const { path, headers } = this.#template;
    const sent = { ...headers, "content-length": String(Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path, method: "POST", headers: sent, agent: this.#agent };
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const correlationId = incoming.headers["crossgate-correlation-id"];
          resolve({
            status: incoming.statusCode ?? 0,
            correlationId: typeof correlationId === "string" ? correlationId : null,
            body: Buffer.concat(chunks).toString(),
          });
        });
      });
      outgoing.setTimeout(ANSWER_WITHIN_MILLISECONDS, () => outgoing.destroy(new Error("no answer")));
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

function read(answer: Answer | null): Told {
  if (answer === null) return { outcome: "info", status: null };
  const body = readObject(answer.body);
  if (answer.status === 200) return { outcome: "ok", tokenId: tokenIdOf(String(body["access_token"])) };
  if (answer.status === 400) return { outcome: "fail", error: String(body["error"]) };
  return { outcome: "info", status: answer.status };
}

function tokenIdOf(accessToken: string): string {
  const [, payload = ""] = accessToken.split(".");
  return String(readObject(Buffer.from(payload, "base64url").toString())["jti"]);
}

function readObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
