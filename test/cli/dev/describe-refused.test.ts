import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { describeRefused } from "../../../cli/dev/describe-refused.ts";
import { readRefusedRequest } from "../../../cli/dev/worker-line.ts";

const surroundings = {
  nowMilliseconds: 0,
  stateDirectory: resolve(".crossgate/state"),
  clients: ["one", "two"],
  servers: [],
};

function told(members: object, changed: object = {}): string {
  const entry = { event: "request_refused", decision: "refused", correlation_id: "c-1", ...members };
  const request = readRefusedRequest(`[worker error] ${JSON.stringify(entry)}`);
  if (request === null) throw new TypeError("not read");
  return describeRefused(request, { ...surroundings, ...changed });
}

describe("a refused request in a line", () => {
  it("names reason, check, client, server and the command that explains it", () => {
    const members = {
      reason: "assertion_audience",
      check: "audience",
      client_id: "one",
      resource: "https://m.example",
    };
    const line = told(members);
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d {2}refused assertion_audience {2}at audience, client one, server https:\/\/m\./,
    );
    expect(line).toContain("correlation c-1");
    expect(line).toMatch(/npx crossgate explain c-1$/);
    expect(line).not.toContain("\n");
  });

  it("names another state where the records are", () => {
    expect(told({ reason: "policy_denied", client_id: "one" }, { stateDirectory: "/elsewhere" })).toMatch(
      /explain c-1 --state \/elsewhere$/,
    );
  });

  it("promises no record of what has none, and lists what could have been meant", () => {
    expect(told({ reason: "client_unknown" })).toMatch(/Clients here: one, two\.$/);
    expect(told({ reason: "server_unknown" })).toMatch(/Servers here: none\.$/);
    expect(told({ reason: "client_unknown" }, { clients: ["1", "2", "3", "4", "5", "6", "7"] })).toMatch(
      /1, 2, 3, 4, 5 and 2 more\.$/,
    );
  });

  it("tells an outage as one", () => {
    expect(told({ reason: "keys_unavailable", decision: "failed", client_id: "one" })).toContain(
      "failed keys_unavailable",
    );
  });

  it("leaves every other line of the log alone", () => {
    for (const line of [
      "",
      "Ready",
      '[worker error] {"event":"outage","reason":"keys_unavailable"}',
      "[worker error] null",
    ])
      expect(readRefusedRequest(line)).toBeNull();
  });
});
