import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const ANSWER_WITHIN_MILLISECONDS = 20_000;

/** HTTP as it goes over the wire, over connections that are kept. */
export class Connection {
  #agent = new Agent({ keepAlive: true });

  /** The connections of a runtime that is dead. */
  forget(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
  }

  /** @throws where there was no answer, or none in time */
  send({ method, path, headers, body }: Outgoing, port: number): Promise<Answer> {
    const length = body === null ? [] : [["content-length", String(Buffer.byteLength(body))] as const];
    const sent = [...headers, ...length].flat();
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path, method, headers: sent, agent: this.#agent };
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const { statusCode = 0, headers: received } = incoming;
          resolve({ status: statusCode, headers: received, body: Buffer.concat(chunks).toString() });
        });
      });
      outgoing.setTimeout(ANSWER_WITHIN_MILLISECONDS, () => outgoing.destroy(new Error("no answer")));
      outgoing.on("error", reject);
      outgoing.end(body ?? undefined);
    });
  }

  /** A connection that its client resets: before, while or after the request is worked on. */
  sendAndHangUp({ method, path, headers, body }: Outgoing, port: number, afterMilliseconds: number): Promise<void> {
    const length = body === null ? [] : [["content-length", String(Buffer.byteLength(body))] as const];
    return new Promise((resolve) => {
      const sent = [...headers, ...length].flat();
      const outgoing = request({ host: "127.0.0.1", port, path, method, headers: sent });
      outgoing.on("error", () => undefined);
      outgoing.on("close", resolve);
      outgoing.on("response", (incoming) => incoming.on("error", () => undefined).resume());
      outgoing.end(body ?? undefined);
      setTimeout(() => outgoing.destroy(), afterMilliseconds);
    });
  }
}
