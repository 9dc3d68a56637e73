import { once } from "node:events";
import { connect, type Socket } from "node:net";

/**
 * Writes a request as it stands, for what a well-behaved client would put right or leave out, and leaves the connection
 * open, to be hung up.
 */
export function openRaw(url: string, lines: readonly string[], body: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // Hanging up is what these tests do; that the other side minds is not news.
  socket.on("error", () => undefined);
  const length = `Content-Length: ${Buffer.byteLength(body)}`;
  socket.write(`${[...lines, length].join("\r\n")}\r\n\r\n${body}`);
  return socket;
}

/** @returns the whole answer, as text, once the other side has closed. */
export async function requestRaw(url: string, lines: readonly string[], body: string): Promise<string> {
  const socket = openRaw(url, [...lines, "Connection: close"], body);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(socket, "close");
  return text;
}

export function postLines(url: string, path: string, token: string): string[] {
  return [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    "Accept: application/json, text/event-stream",
  ];
}
