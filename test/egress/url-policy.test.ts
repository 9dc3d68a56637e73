import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EgressRules, findUrlFlaw, isLoopbackHttp, type UrlFlaw } from "../../src/egress/url-policy.ts";
import { LIMITS } from "../../src/limits.ts";

const DEPLOYED: EgressRules = { ownHost: "mcp.example.com", allowsLoopback: false };
const LOCAL: EgressRules = { ownHost: "127.0.0.1", allowsLoopback: true };

/** The spellings that hide an address or a name are in test/abuse/url-spellings.test.ts. */
describe("findUrlFlaw", () => {
  it.each<[string, string, UrlFlaw | null, UrlFlaw | null]>([
    ["https at a public name", "https://idp.example.com/jwks", null, null],
    ["http at a public name", "http://idp.example.com/jwks", "scheme", "scheme"],
    ["http at this machine's address", "http://127.0.0.1:9000/jwks", "scheme", null],
    ["http at this machine's name", "http://localhost:9000/jwks", "scheme", null],
    ["http at this machine's IPv6 address", "http://[::1]:9000/jwks", "scheme", null],
    ["http at another loopback address", "http://127.0.0.2/jwks", "scheme", "scheme"],
    ["http at every address", "http://0.0.0.0/jwks", "scheme", "scheme"],
    ["http at a name under localhost", "http://idp.localhost/jwks", "scheme", "scheme"],
    ["http at a private address", "http://192.168.0.1/jwks", "scheme", "scheme"],
    ["https at this machine", "https://127.0.0.1/jwks", "address_literal", "address_literal"],
    ["https at localhost", "https://localhost/jwks", "internal_name", "internal_name"],
    ["https at a private address", "https://10.0.0.1/jwks", "address_literal", "address_literal"],
    ["https at our own host", "https://mcp.example.com/jwks", "own_host", null],
    ["credentials for this machine", "http://user@127.0.0.1/", "credentials", "credentials"],
    ["a fragment at this machine", "http://127.0.0.1/#a", "fragment", "fragment"],
    ["no URL at all", "not a URL", "not_a_url", "not_a_url"],
  ])("%s: in a deployment and in a local Crossgate", (_what, url, deployed, local) => {
    expect(findUrlFlaw(url, DEPLOYED)).toBe(deployed);
    expect(findUrlFlaw(url, LOCAL)).toBe(local);
  });

  it("bounds the length", () => {
    const prefix = "https://idp.example.com/";
    expect(findUrlFlaw(prefix.padEnd(LIMITS.urlBytes, "a"), DEPLOYED)).toBeNull();
    expect(findUrlFlaw(prefix.padEnd(LIMITS.urlBytes + 1, "a"), DEPLOYED)).toBe("not_a_url");
  });

  it("lets a public name share our host where the caller says so, with an empty own host", () => {
    expect(findUrlFlaw("https://mcp.example.com/mcp", { ...DEPLOYED, ownHost: "" })).toBeNull();
  });

  it("refuses every IPv4 address, however its number is written (E01) [CVE-2026-47674, CVE-2026-69192]", () => {
    const spelled = fc.nat({ max: 0xffff_ffff }).chain((address) => {
      const octets = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
      const radix = fc.constantFrom(
        (n: number) => `${n}`,
        (n: number) => `0x${n.toString(16)}`,
        (n: number) => `0${n.toString(8)}`,
      );
      const parts = fc
        .tuple(radix, radix, radix, radix)
        .map((write) => octets.map((octet, index) => write[index]?.(octet)).join("."));
      return fc.oneof(
        parts,
        radix.map((write) => write(address)),
      );
    });
    fc.assert(
      fc.property(spelled, fc.constantFrom("", ".", ":8443"), (host, suffix) => {
        expect(findUrlFlaw(`https://${host}${suffix}/`, DEPLOYED)).toBe("address_literal");
      }),
      { seed: 18, numRuns: 1000 },
    );
  });

  it("refuses every IPv6 address [CVE-2026-39409, CVE-2026-44589]", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        expect(findUrlFlaw(`https://[${address}]/`, DEPLOYED)).toBe("address_literal");
      }),
      { seed: 19, numRuns: 500 },
    );
  });

  it("contacts nothing but https at a name with a dot, in a deployment [private-ip#32]", () => {
    fc.assert(
      fc.property(
        fc.webUrl({ validSchemes: ["http", "https", "ftp"], withFragments: true, withQueryParameters: true }),
        (text) => {
          if (findUrlFlaw(text, DEPLOYED) !== null) return;
          const url = new URL(text);
          expect(url.protocol).toBe("https:");
          expect(url.hostname).toContain(".");
          expect(url.hash + url.username + url.password).toBe("");
        },
      ),
      { seed: 20, numRuns: 1000 },
    );
  });
});

describe("isLoopbackHttp", () => {
  it.each([
    ["http://127.0.0.1", true],
    ["http://127.0.0.1:8787", true],
    ["http://localhost:8787", true],
    ["http://[::1]:8787", true],
    ["http://2130706433", true],
    ["https://127.0.0.1", false],
    ["http://localhost.", false],
    ["http://localhost.example.com", false],
    ["http://127.0.0.1.example.com", false],
    ["ws://127.0.0.1", false],
  ])("says of %s: %s", (url, expected) => {
    expect(isLoopbackHttp(new URL(url))).toBe(expected);
  });
});
