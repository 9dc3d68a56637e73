import { describe, expect, it } from "vitest";
import { networkOf } from "../../src/token-endpoint/network.ts";

function network(address: string): string {
  return networkOf(new Headers({ "cf-connecting-ip": address }));
}

describe("networkOf", () => {
  it.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:DB8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["2001:db8::", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["::", "0:0:0:0"],
  ])("%s is of %s", (address, expected) => {
    expect(network(address)).toBe(expected);
  });

  // One IPv6 customer has 2^64 addresses: a bucket for each would be no limit at all.
  it("puts a whole /64 into one bucket, and the next into another", () => {
    expect(network("2001:db8:1:2::1")).toBe(network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
    expect(network("2001:db8:1:2::1")).not.toBe(network("2001:db8:1:3::1"));
  });

  it.each([{}, { "cf-connecting-ip": "1".repeat(65) }])("without a usable address is one bucket: %j", (headers) => {
    expect(networkOf(new Headers(headers))).toBe("unknown");
  });

  // Anyone can write these.
  it("is named by the edge alone [GHSA-xh87-mx6m-69f3]", () => {
    expect(networkOf(new Headers({ "x-forwarded-for": "192.0.2.9", "x-real-ip": "192.0.2.9" }))).toBe("unknown");
  });
});
