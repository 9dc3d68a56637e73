import { expect, it } from "vitest";
import { denyRule, permitRule } from "../support/documents.ts";
import { reasonsOf, stubUpstream, TestGateway } from "../support/gateway.ts";

/** Who may not read a resource must not be told when it changes, by naming it within a subscription to other things. */
const resources = [
  { scopes: { "files:read": { description: "Follow", methods: ["subscriptions/listen", "resources/read"] } } },
];
const publicOnly = [permitRule({ scopes: "any", calls: { resources: ["file:///public/*"] } })];
const notSecret = [permitRule({ scopes: "any" }), denyRule({ calls: { resources: ["file:///secret/*"] } })];

it.each([
  [notSecret, { resourceSubscriptions: ["file:///secret/key"] }, [403, 0, "call_denied"]],
  [notSecret, { resourceSubscriptions: ["file:///public/a", "FILE:///secret/key"] }, [403, 0, "call_denied"]],
  [notSecret, { toolsListChanged: true, resourceSubscriptions: ["file:///secret/key"] }, [403, 0, "call_denied"]],
  [notSecret, { ResourceSubscriptions: ["file:///secret/key"] }, [400, 0, "message_malformed"]],
  [notSecret, { resourceSubscriptions: "file:///secret/key" }, [400, 0, "message_malformed"]],
  [notSecret, { toolsListChanged: true, resourceSubscriptions: ["file:///public/a"] }, [200, 1, null]],
  [publicOnly, { resourceSubscriptions: ["file:///public/a", "file:///secret/key"] }, [403, 0, "call_no_rule"]],
  [publicOnly, { resourceSubscriptions: ["file:///public/a"], toolsListChanged: true }, [403, 0, "call_no_rule"]],
  [publicOnly, { resourceSubscriptions: ["file:///public/a"] }, [200, 1, null]],
])("%#: %j %j", async (rules, notifications, expected) => {
  const upstream = stubUpstream();
  const gateway = await TestGateway.start({ resources, rules });
  const message = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params: { notifications } };
  const { status } = await gateway.call({ message });
  expect([status, upstream.sent.length, ...reasonsOf(gateway)]).toEqual(expected);
});
