import type { Deployment } from "../bench/deployment.ts";
import { tokenBody, tokenTemplate } from "../bench/token-requests.ts";
import { type Answer, Connection, type Outgoing } from "./connection.ts";
import type { History, Told } from "./history.ts";

export interface Assertion {
  readonly jti: string;
  readonly text: string;
}

/** One agent of the enterprise, which presents what it was given and writes down what it was told. */
export class Client {
  readonly #template: ReturnType<typeof tokenTemplate>;
  readonly #history: History;
  readonly #connection = new Connection();

  constructor(deployment: Deployment, history: History) {
    this.#template = tokenTemplate(deployment, deployment.clientSecret);
    this.#history = history;
  }

  async present({ jti, text }: Assertion, port: number): Promise<void> {
    const answer = await this.#connection.send(this.#requestOf(text), port).catch(() => null);
    const correlationId = answer?.headers["crossgate-correlation-id"];
    const told = read(answer);
    this.#history.add({
      assertion: jti,
      told,
      correlationId: correlationId === undefined ? null : String(correlationId),
    });
  }

  /** Does not wait for the answer, which nobody hears then, whatever it is. */
  async hangUp({ jti, text }: Assertion, port: number, afterMilliseconds: number): Promise<void> {
    await this.#connection.sendAndHangUp(this.#requestOf(text), port, afterMilliseconds);
    this.#history.add({ assertion: jti, told: { outcome: "info", status: null }, correlationId: null });
  }

  #requestOf(text: string): Outgoing {
    const { path, headers } = this.#template;
    return { method: "POST", path, headers: Object.entries(headers), body: tokenBody(text) };
  }

  /** The connections of a runtime that is dead. */
  forgetConnections(): void {
    this.#connection.forget();
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
