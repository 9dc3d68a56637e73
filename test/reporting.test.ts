import { describe, expect, it } from "vitest";
import { startIsolate } from "./support/services.ts";

const UNKNOWN = { client_id: "nobody", client_secret: "a secret that nobody has", grant_type: "any" };

function request(): Request {
  return new Request("http://127.0.0.1:8787/token", { method: "POST", body: new URLSearchParams(UNKNOWN) });
}

describe("who is told at once of each refused request", () => {
  it("the user of a local Crossgate, in names and nothing of the request", async () => {
    const { redeem, logged } = startIsolate({ ISSUER: "http://127.0.0.1:8787" });
    const { headers } = await redeem(request());
    expect(logged).toEqual([
      {
        event: "request_refused",
        decision: "refused",
        reason: "client_unknown",
        check: "client_authentication",
        correlation_id: headers.get("crossgate-correlation-id"),
      },
    ]);
  });

  it("nobody of a deployment: a flood would write its log", async () => {
    const { redeem, logged } = startIsolate({ ISSUER: "https://crossgate.example" });
    await redeem(request());
    expect(logged).toEqual([]);
  });
});
