/** What an MCP client sends, for tests to spoil in one place. */
export interface GatewayCall {
  readonly token?: string;
  readonly scheme?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly message?: unknown;
  readonly signal?: AbortSignal;
}

export function echoMessage(id: string | number = 1, message = "hello"): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name: "echo", arguments: { message } } };
}

export function callGateway(url: string, call: GatewayCall): Promise<Response> {
  const { method = "POST", token, scheme = "Bearer", message = echoMessage(), signal } = call;
  const headers = new Headers({ accept: "application/json, text/event-stream" });
  if (method === "POST") headers.set("content-type", "application/json");
  if (token !== undefined) headers.set("authorization", `${scheme} ${token}`);
  for (const [name, value] of Object.entries(call.headers ?? {})) headers.set(name, value);
  const body = method === "POST" ? { body: typeof message === "string" ? message : JSON.stringify(message) } : {};
  return fetch(url, { method, headers, redirect: "manual", ...body, ...(signal && { signal }) });
}
