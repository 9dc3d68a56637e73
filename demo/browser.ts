const REDIRECTS_LIMIT = 10;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

interface Cookie {
  host: string;
  path: string;
  name: string;
  value: string;
}

/** Where a navigation came to rest: on a page, or on an address that the caller wanted to catch. */
export type Landing = { kind: "page"; url: URL; status: number; html: string } | { kind: "caught"; url: URL };

/** As much of a browser as a sign-in needs: cookies, redirects followed one by one, and forms. */
export class Browser {
  readonly #cookies: Cookie[] = [];
  readonly #caughtAddress: string;

  /** Navigation stops short of `caughtAddress`, which belongs to the client and need not be served. */
  constructor(caughtAddress: string) {
    this.#caughtAddress = caughtAddress;
  }

  open(url: URL): Promise<Landing> {
    return this.#navigate(url);
  }

  /** Submits the page's only form with these fields. */
  submit(page: { url: URL; html: string }, fields: Record<string, string>): Promise<Landing> {
    const action = /<form[^>]*\baction="([^"]+)"/.exec(page.html)?.[1];
    if (action === undefined) throw new Error(`there is no form at ${page.url.href}`);
    return this.#navigate(new URL(action, page.url), new URLSearchParams(fields));
  }

  async #navigate(start: URL, form?: URLSearchParams): Promise<Landing> {
    let url = start;
    let body = form;
    for (let followed = 0; followed <= REDIRECTS_LIMIT; followed++) {
      if (this.#isCaught(url)) return { kind: "caught", url };
      // Each hop depends on the cookies and the location of the one before.
      // oxlint-disable-next-line no-await-in-loop -- sequential by nature
      const response = await this.#request(url, body);
      const location = response.headers.get("location");
      if (!REDIRECT_STATUSES.has(response.status) || location === null)
        // oxlint-disable-next-line no-await-in-loop -- the last turn of the loop
        return { kind: "page", url, status: response.status, html: await response.text() };
      if (response.status !== 307 && response.status !== 308) body = undefined;
      url = new URL(location, url);
    }
    throw new Error(`more than ${REDIRECTS_LIMIT} redirects from ${start.href}`);
  }

  async #request(url: URL, form: URLSearchParams | undefined): Promise<Response> {
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      headers: { accept: "text/html", cookie: this.#cookieHeader(url) },
      redirect: "manual",
      ...(form && { body: form }),
    });
    for (const line of response.headers.getSetCookie()) this.#store(url, line);
    return response;
  }

  #isCaught(url: URL): boolean {
    return url.origin + url.pathname === this.#caughtAddress;
  }

  #cookieHeader(url: URL): string {
    return this.#cookies
      .filter((cookie) => cookie.host === url.hostname && pathMatches(url.pathname, cookie.path))
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join("; ");
  }

  #store(url: URL, line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const separator = pair.indexOf("=");
    const cookie = {
      host: url.hostname,
      path: attribute(attributes, "path") ?? "/",
      name: pair.slice(0, separator),
      value: pair.slice(separator + 1),
    };
    const index = this.#cookies.findIndex((stored) => sameCookie(stored, cookie));
    if (index >= 0) this.#cookies.splice(index, 1);
    if (!isExpired(attributes)) this.#cookies.push(cookie);
  }
}

function sameCookie(left: Cookie, right: Cookie): boolean {
  return left.host === right.host && left.path === right.path && left.name === right.name;
}

// RFC 6265 §5.1.4: the provider scopes its cookies to one sign-in by their path.
function pathMatches(requestPath: string, cookiePath: string): boolean {
  if (requestPath === cookiePath) return true;
  return requestPath.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}

function attribute(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.find((part) => part.toLowerCase().startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

function isExpired(attributes: readonly string[]): boolean {
  const expires = attribute(attributes, "expires");
  return expires !== undefined && Date.parse(expires) <= Date.now();
}
