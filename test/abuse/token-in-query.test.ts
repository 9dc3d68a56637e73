import { describe, expect, it } from "vitest";
import { RESOURCE } from "../support/documents.ts";
import { type CallChanges, READ_FILE, reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/** A token anywhere but in the Authorization header has been written down by every proxy and log on its way. */
const PLACES: readonly [name: string, changes: (token: string) => CallChanges, expected: readonly [number, string]][] =
  [
    ["in the query", (token) => ({ url: `${RESOURCE}?access_token=${token}`, token: null }), [400, "token_in_query"]],
    [
      "in the query, beside the header",
      (token) => ({ url: `${RESOURCE}?access_token=${token}`, token }),
      [400, "token_in_query"],
    ],
    [
      "in the query, after others",
      (token) => ({ url: `${RESOURCE}?a=1&access_token=${token}`, token: null }),
      [400, "token_in_query"],
    ],
    [
      "in the query, escaped",
      (token) => ({ url: `${RESOURCE}?%61ccess_token=${token}`, token: null }),
      [400, "token_in_query"],
    ],
    ["in the query, empty", () => ({ url: `${RESOURCE}?access_token` }), [400, "token_in_query"]],
    [
      "in the query of a GET",
      (token) => ({ url: `${RESOURCE}?access_token=${token}`, token: null, method: "GET" }),
      [400, "token_in_query"],
    ],
    [
      "in the query of a DELETE",
      (token) => ({ url: `${RESOURCE}?access_token=${token}`, token: null, method: "DELETE" }),
      [400, "token_in_query"],
    ],
    [
      "in the query under another name",
      (token) => ({ url: `${RESOURCE}?token=${token}`, token: null }),
      [401, "token_missing"],
    ],
    [
      "in the message",
      (token) => ({ message: { ...READ_FILE, params: { ...READ_FILE.params, access_token: token } }, token: null }),
      [401, "token_missing"],
    ],
    [
      "in a form",
      (token) => ({
        message: `access_token=${token}`,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        token: null,
      }),
      [401, "token_missing"],
    ],
    ["in a cookie", (token) => ({ headers: { cookie: `access_token=${token}` }, token: null }), [401, "token_missing"]],
    ["in another header", (token) => ({ headers: { "x-access-token": token }, token: null }), [401, "token_missing"]],
    [
      "in the proxy's header",
      (token) => ({ headers: { "proxy-authorization": `Bearer ${token}` }, token: null }),
      [401, "token_missing"],
    ],
    [
      "in an argument's header",
      (token) => ({ headers: { "mcp-param-authorization": `Bearer ${token}` }, token: null }),
      [401, "token_missing"],
    ],
  ];

describe("a good token", () => {
  it.each(PLACES)("%s opens nothing, and is repeated nowhere [MCPA-06]", async (_name, changes, [status, reason]) => {
    const upstream = stubUpstream();
    const gateway = await TestGateway.start();
    const token = await gateway.token();
    const answered = await gateway.call(changes(token));
    expect(answered.status).toBe(status);
    expect([upstream.sent, reasonsOf(gateway)]).toEqual([[], [reason]]);
    const said = JSON.stringify([answered.text, [...answered.headers], gateway.events, gateway.faults]);
    expect(said).not.toContain(token);
    expect(said).not.toContain(token.split(".")[2]);
  });
});
