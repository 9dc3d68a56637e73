import { normalizeUrl } from "../../src/dpop/normalize-url.ts";
import { isMetadataDocumentUrl, patternsFor } from "../../src/egress/client-identifier.ts";
import { findUrlFlaw } from "../../src/egress/url-policy.ts";
import { parseMessage } from "../../src/gateway/message.ts";
import { CallRefused } from "../../src/gateway/refusal.ts";
import { LIMITS } from "../../src/limits.ts";
import { AmbiguousJson, decodeUtf8, parseStrictObject } from "../../src/jwt/strict-json.ts";
import { isDoubtfulTemplate, isDoubtfulUri } from "../../src/policy/resource-uri.ts";
import { Rejected } from "../../src/redemption/rejection.ts";
import { parseForm } from "../../src/token-endpoint/form.ts";
import { hold, orRefused, type Target, toText } from "../target.ts";

const encoder = new TextEncoder();

export const FORM: Target = {
  name: "form",
  promises:
    "A form is read once and in one way: what it is printed as is read as the same, by the platform's parser too.",
  words: ["&", "=", "+", "%20", "%26", "%3D", "grant_type", "assertion", "%C3%A9", "%ED%A0%80"],
  seeds: ["grant_type=a&assertion=b.c.d", "a=&b&c=1+2%20", "scope=files%3Aread&resource=https%3A%2F%2Fa"],
  run(input) {
    const form = orRefused(Rejected, () => parseForm(toText(input)));
    if (form === null) return;
    const printed = [...form].map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
    hold(isEqual([...parseForm(printed)], [...form]), "printed and read again, a form is the same");
    hold(isEqual([...new URLSearchParams(printed)], [...form]), "the platform reads the same form");
  },
};

export const JSON_OBJECT: Target = {
  name: "json",
  promises:
    "JSON is read strictly: whatever passes has no repeated member, and is the same when printed and read again.",
  words: ['"a":', "{", "}", "[", "]", "\\u0061", '"__proto__"', "1e5", "null", "true", ",", "\\ud800"],
  seeds: ['{"a":1,"b":[true,null,"x"],"c":{"d":-1.5e3}}', '{"\\u0061":"\\n","":0}', '{"a":[{"a":[{"a":[]}]}]}'],
  run(input) {
    const value = orRefused(AmbiguousJson, () => parseStrictObject(decodeUtf8(input)));
    if (value === null) return;
    const printed = JSON.stringify(value);
    hold(JSON.stringify(parseStrictObject(printed)) === printed, "printed and read again, it is the same");
    hold(JSON.stringify(JSON.parse(toText(input))) === printed, "the platform reads the same");
  },
};

export const MESSAGE: Target = {
  name: "message",
  promises: "A JSON-RPC message is authorized as it is forwarded: what goes upstream is read as the same call.",
  words: [
    '"jsonrpc":"2.0"',
    '"id":1',
    '"method":"tools/call"',
    '"params":',
    '"name":"read_file"',
    '"Name"',
    '"arguments":{}',
    '"uri":"file:///a"',
    '"result":{}',
    '"error":{}',
    '"_meta":',
    '"io.modelcontextprotocol/protocolVersion":"2026-07-28"',
    "tools/list",
    "resources/read",
    "completion/complete",
    "notifications/initialized",
    "subscriptions/listen",
  ],
  seeds: [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/a"}}}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":"x","result":{"a":[1,2]}}',
    '{"jsonrpc":"2.0","id":2,"method":"resources/read","params":{"uri":"file:///a","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}',
  ],
  run(input) {
    const message = orRefused(CallRefused, () => parseMessage(input));
    if (message === null) return;
    hold(isEqual(parseMessage(encoder.encode(message.text)), message), "what is forwarded is what was authorized");
    const { method, params } = JSON.parse(message.text) as { method?: unknown; params?: { name?: unknown } };
    hold(message.kind === "response" || method === message.method, "the method is the one that is forwarded");
    if (message.method === "tools/call") hold(params?.name === message.target, "the tool is the one that is forwarded");
  },
};

const DEPLOYED = { ownHost: "crossgate.example", allowsLoopback: false };
const INSIDE = /^(?:localhost|.*\.(?:localhost|local|internal|lan|corp)|[\d.]+|\[.*\])\.*$/;

export const URLS: Target = {
  name: "url",
  promises: "A URL that may be contacted is https at a public name, whatever its spelling, and has one normal form.",
  words: [
    "https://",
    "http://",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0x7f",
    "@",
    ":443",
    "/../",
    "%2e",
    ".internal",
    ".",
    "\\",
    "\t",
    "crossgate.example",
    "①",
    "。",
    "xn--",
    "file:///",
    "{x}",
  ],
  seeds: [
    "https://idp.example.com/jwks",
    "https://a.example:8443/x/y?z=1",
    "http://127.0.0.1:8080/",
    "file:///public/a",
    "https://agents.example/a/b/client",
  ],
  run(input) {
    const text = toText(input);
    if (findUrlFlaw(text, DEPLOYED) === null) requirePublic(text);
    const normal = normalizeUrl(text);
    if (normal !== null) hold(normalizeUrl(normal) === normal, "a normal form is its own normal form");
    if (isMetadataDocumentUrl(text)) requireOneSpelling(text);
    if (!isDoubtfulUri(text)) hold(!isDoubtfulTemplate(text), "a URI that is plain is a plain template");
    if (!isDoubtfulUri(text))
      hold(
        new URL(text).href === text && !/[/:]\.{1,2}(?:\/|$)|\\|%2[eEfF]/.test(text),
        "a plain URI has one spelling",
      );
  },
};

function requirePublic(text: string): void {
  const url = new URL(text);
  hold(
    url.protocol === "https:" && url.username === "" && url.password === "",
    "it is https, and nobody's in particular",
  );
  hold(!INSIDE.test(url.hostname) && url.hostname.includes("."), "it is at a public name");
  hold(url.hostname.replace(/\.+$/, "") !== DEPLOYED.ownHost, "it is not our own");
  const isTooLong = url.href.length > LIMITS.urlBytes;
  hold(isTooLong || findUrlFlaw(url.href, DEPLOYED) === null, "its normal form may be contacted too");
}

function requireOneSpelling(clientId: string): void {
  hold(new URL(clientId).href === clientId && !/[?#%\\]/.test(clientId), "a client's URL has one spelling");
  const covers = patternsFor(clientId).every((pattern) => clientId.startsWith(pattern.slice(0, -1)));
  hold(covers, "its patterns cover it");
}

function isEqual(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
