import { afterEach, beforeEach, describe, expect, inject, it, vi } from "vitest";
import { fetchText } from "../../src/egress/bounded-fetch.ts";
import { forbiddenUrls } from "./forbidden-urls.ts";
import { PLACES } from "./places.ts";
import { OPEN_WAYS, WAYS } from "./ways.ts";
import { Customer, Internet } from "./world.ts";

/**
 * E01 to E06, in a Crossgate as it is deployed: its issuer is https, so nothing of this machine may be contacted. Each
 * part that takes a URL is given every form, and the whole of it, at each place where one enters, another share of them. A
 * listener on all addresses of this machine says whether anybody came.
 */
const { port, hasIpv6, report } = inject("listeners");
const URLS = forbiddenUrls(port);

let internet: Internet;

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  internet = new Internet();
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function connections(): Promise<readonly string[]> {
  return (await internet.reach(report)).json();
}

/** Others for each place, so that all places together have seen every form. */
function sampleFor(where: string): readonly string[] {
  const places = Object.keys(PLACES);
  return URLS.filter((_url, index) => index % places.length === places.indexOf(where));
}

describe("an address that is not to be contacted [MCPA-31, P9728-05]", () => {
  it("is one of five hundred forms at least", () => {
    expect(URLS.length).toBeGreaterThanOrEqual(500);
  });

  it("would be reached, by whoever made the request, in forms that look like none", async () => {
    const before = (await connections()).length;
    const reachable = [
      `http://127.0.0.1:${port}/`,
      `http://2130706433:${port}/`,
      `http://0x7f.1:${port}/`,
      `http://①②⑦.⓪.⓪.①:${port}/`,
      `http://127.1.2.3:${port}/`,
      `http://0.0.0.0:${port}/`,
      ...(hasIpv6 ? [`http://[::1]:${port}/`] : []),
    ];
    for (const url of reachable) expect(await (await internet.reach(url)).text(), url).toBe("{}");
    // Over TLS nothing is said, and yet somebody has come.
    await internet.reach(`https://127.0.0.1:${port}/`).catch(() => undefined);
    const allowed = { bytes: 64, milliseconds: 5000, rules: { ownHost: "crossgate.example", allowsLoopback: true } };
    expect(await fetchText(`http://127.0.0.1:${port}/`, allowed)).toBe("{}");
    expect((await connections()).length).toBeGreaterThan(before + 2);
  });

  it.each(Object.entries(OPEN_WAYS))("would be taken where it was one of the internet: %s", async (_where, way) => {
    await expect(way("https://public.example.net/a", internet)).resolves.not.toBeNull();
  });

  it.each(Object.entries(WAYS))("is refused in each of its forms: %s", async (_where, way) => {
    const before = await connections();
    for (const url of URLS) {
      const taken = await way(url, internet).then(
        () => url,
        () => null,
      );
      expect(taken).toBeNull();
    }
    expect(internet.strayed).toEqual([]);
    expect(await connections()).toEqual(before);
  });

  it.each(Object.entries(PLACES))("is not contacted by the whole of it, from %s", async (where, place) => {
    const before = await connections();
    const customer = await Customer.settle(internet);
    await Promise.all(sampleFor(where).map((url, at) => place(url, customer, at)));
    expect(internet.strayed).toEqual([]);
    expect(await connections()).toEqual(before);
  });
});
