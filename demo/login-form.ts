import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";

const FORM_LIMIT_CHARACTERS = 4096;

export interface User {
  subject: string;
  email: string;
  groups?: string[];
  password: string;
}

export const LOGIN_PATH_PREFIX = "/interaction/";

/** The provider sends a browser here when it needs to know who is sitting in front of it. */
export async function serveLoginForm(
  provider: Provider,
  users: readonly User[],
  exchange: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const { request, response } = exchange;
  const interaction = await provider.interactionDetails(request, response);
  const action = LOGIN_PATH_PREFIX + interaction.uid;
  // The cookie says which sign-in this browser began; a link to somebody else's must not continue it.
  if (request.url !== action || interaction.prompt.name !== "login") return notFound(response);
  if (request.method !== "POST") return sendForm(response, 200, loginForm(action));

  const user = authenticate(users, await readForm(request));
  if (!user) return sendForm(response, 401, loginForm(action, "Wrong email address or password."));
  await provider.interactionFinished(request, response, {
    login: { accountId: user.subject, amr: ["pwd"] },
  });
}

function authenticate(users: readonly User[], form: URLSearchParams): User | undefined {
  const email = form.get("email");
  const user = users.find((candidate) => candidate.email === email);
  // An unknown address costs the same comparison, so that timing does not tell which addresses exist.
  const matches = sameSecret(user?.password ?? "", form.get("password") ?? "");
  return user && matches ? user : undefined;
}

function sameSecret(expected: string, given: string): boolean {
  const [left, right] = [expected, given].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let form = "";
  for await (const chunk of request.setEncoding("utf8")) {
    form += String(chunk);
    if (form.length > FORM_LIMIT_CHARACTERS) throw new Error("the sign-in form is too large");
  }
  return new URLSearchParams(form);
}

// `action` is our own path and an identifier that the provider made, and `problem` is a constant:
// nothing that came with the request is written into the page.
function loginForm(action: string, problem?: string): string {
  return `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>Sign in</title></head>
  <body>
    <h1>Sign in</h1>
    ${problem === undefined ? "" : `<p role="alert">${problem}</p>`}
    <form method="post" action="${action}">
      <label>Email <input type="email" name="email" autocomplete="username" required></label>
      <label>Password <input type="password" name="password" autocomplete="current-password" required></label>
      <button type="submit">Sign in</button>
    </form>
  </body>
</html>
`;
}

function sendForm(response: ServerResponse, status: number, page: string): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  });
  response.end(page);
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
  response.end("This sign-in is not yours, or is over.\n");
}
