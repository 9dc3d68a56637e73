import { base64url } from "jose";
import type { Members } from "./documents.ts";
import type { Random } from "./random.ts";
import { signText, type TestKey } from "./test-idp.ts";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Whose requests they are, before whichever server they are made. */
export interface Sender {
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: string;
  readonly resource: string;
  readonly basic: string;
  readonly idp: { readonly key: TestKey };
  /** Of an ID-JAG that is granted a token. */
  readonly claims: (overrides?: Members) => Members;
}

/**
 * A request for a token in its parts, before any is spoiled. Every mutation says of itself whether it changes what the
 * request means: then it must be refused; or not: then it must still be granted. So the test needs no oracle.
 */
export interface Draft {
  method: string;
  headers: [name: string, value: string][];
  form: [name: string, value: string][];
  /** Instead of the form. */
  body: string | Uint8Array<ArrayBuffer> | null;
  header: Members;
  claims: Members;
  /** JSON in place of `header` or `claims`. */
  headerText: string | Uint8Array | null;
  claimsText: string | Uint8Array | null;
  /** What becomes of the assertion when it has been signed. */
  spoil: (assertion: string) => string;
}

export interface Mutation {
  readonly name: string;
  readonly verdict: "refused" | "granted";
  readonly apply: (draft: Draft, random: Random, sender: Sender) => void;
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PRINTABLE = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`abcxyz{|}~";
const WILD = "\u0000\u0007\n\r\t\u007f\u00e9\u0131\u2028\u202e\ufeff\uffff\ud83d\ude00\u0301";

/** Values that no claim of the assertion may have, whichever it is. */
const NEVER_A_CLAIM: readonly unknown[] = [null, true, false, [], {}, [[]], [null], { a: 1 }, -1, 0, 1.5, 1e300, ""];
const NOT_A_STRING: readonly unknown[] = [...NEVER_A_CLAIM, 7, 4_102_444_800, ["a", 1], "x".repeat(17_000)];
const NOT_A_SHORT_STRING: readonly unknown[] = [...NOT_A_STRING, "x".repeat(257), "\ud800", "\udc00x", "é".repeat(129)];
const NOT_A_DATE: readonly unknown[] = [...NEVER_A_CLAIM, "1", [1], 2 ** 53, 2 ** 60, -(2 ** 40), Date.now()];

export function makeDraft(sender: Sender): Draft {
  return {
    method: "POST",
    headers: [
      ["authorization", sender.basic],
      ["content-type", "application/x-www-form-urlencoded"],
    ],
    form: [["grant_type", JWT_BEARER]],
    body: null,
    header: { typ: "oauth-id-jag+jwt", alg: sender.idp.key.alg, kid: sender.idp.key.kid },
    claims: sender.claims({ email: "claim-canary@example.com", jti: `claim-canary-${crypto.randomUUID()}` }),
    headerText: null,
    claimsText: null,
    spoil: (assertion) => assertion,
  };
}

/** One request as it goes over the wire. */
export interface Composed {
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Uint8Array<ArrayBuffer> | null;
}

export async function compose(draft: Draft, sender: Sender): Promise<Composed> {
  const { method, body, headers, headerText, claimsText, header, claims } = draft;
  const texts = [headerText ?? JSON.stringify(header), claimsText ?? JSON.stringify(claims)] as const;
  const assertion = draft.spoil(await signText(...texts, sender.idp.key));
  const form = [...draft.form, ["assertion", assertion] as const];
  const text = form.map((pair) => pair.map(encodeLoosely).join("=")).join("&");
  const hasBody = method !== "GET" && method !== "HEAD";
  return { method, headers, body: hasBody ? (body ?? text) : null };
}

/** Half of a surrogate pair has no encoding. */
function encodeLoosely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function setClaim(draft: Draft, name: string, value: unknown): void {
  draft.claims = { ...draft.claims, [name]: value };
}

function setHeader(draft: Draft, name: string, value: string): void {
  draft.headers = [...draft.headers.filter(([other]) => other !== name), [name, value]];
}

function refused(name: string, apply: Mutation["apply"]): Mutation {
  return { name, verdict: "refused", apply };
}

function granted(name: string, apply: Mutation["apply"]): Mutation {
  return { name, verdict: "granted", apply };
}

/** Replaces one character by another one of the alphabet. */
function replaceOne(text: string, alphabet: string, random: Random): string {
  const at = random.below(text.length);
  const others = Array.from(alphabet).filter((character) => character !== text[at]);
  return text.slice(0, at) + random.pick(others) + text.slice(at + 1);
}

/** What depends on who is asked, and when. */
type Values = (issuer: string, nowSeconds: number) => readonly unknown[];

/** A claim that is refused for each of these values. */
function badClaim(name: string, values: readonly unknown[] | Values): Mutation {
  return refused(`claim ${name}`, (draft, random, { issuer }) => {
    const now = Math.floor(Date.now() / 1000);
    setClaim(draft, name, random.pick(typeof values === "function" ? values(issuer, now) : values));
  });
}

const ON_THE_WIRE: readonly Mutation[] = [
  refused("method", (draft, random) => {
    draft.method = random.pick(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "SEARCH"]);
  }),
  refused("content type", (draft, random) => {
    const types = [
      "application/json",
      "text/plain",
      "multipart/form-data; boundary=x",
      "*/*",
      "application/x-www-form-urlencoded;x",
    ];
    setHeader(draft, "content-type", random.pick([...types, random.text(PRINTABLE.trim(), 1 + random.below(30))]));
  }),
  refused("no content type", (draft) => {
    setHeader(draft, "content-type", "");
  }),
  refused("a body of anything", (draft, random) => {
    draft.body = random.text(PRINTABLE + WILD, random.below(400));
  }),
  refused("a body of bytes", (draft, random) => {
    draft.body = Uint8Array.from({ length: random.below(400) }, () => random.below(256));
  }),
  refused("a body that is too large", (draft, random) => {
    draft.form.push([random.text(BASE64URL, 5), "x".repeat(32_768 + random.below(40_000))]);
  }),
  refused("a proof that is none", (draft, random) => {
    setHeader(draft, "dpop", random.pick(["", "a.b.c", "..", random.text(BASE64URL, 200), "x".repeat(17_000)]));
  }),
  granted("headers that mean nothing here", (draft, random) => {
    const names = [
      "x-http-method-override",
      "x-forwarded-for",
      "x-original-url",
      "cookie",
      "accept",
      "origin",
      "forwarded",
      "x-attempt-id",
    ];
    for (const name of names.filter(() => random.next() < 0.5))
      draft.headers.push([name, random.text(BASE64URL, 1 + random.below(200))]);
  }),
  granted("the charset", (draft, random) => {
    const charsets = ["; charset=utf-8", ";charset=UTF-8", '; charset="utf-8"'];
    setHeader(draft, "content-type", `application/x-www-form-urlencoded${random.pick(charsets)}`);
  }),
];

const CREDENTIALS: readonly Mutation[] = [
  refused("no credentials", (draft) => {
    draft.headers = draft.headers.filter(([name]) => name !== "authorization");
  }),
  refused("a character of the credentials", (draft, random, sender) => {
    const joined = replaceOne(`${sender.clientId}:${sender.secret}`, "abcXYZ019:%&=+ -", random);
    setHeader(draft, "authorization", `Basic ${btoa(joined)}`);
  }),
  refused("credentials cut short", (draft, random, sender) => {
    const joined = `${sender.clientId}:${sender.secret}`;
    setHeader(draft, "authorization", `Basic ${btoa(joined.slice(0, random.below(joined.length)))}`);
  }),
  refused("credentials of another scheme", (draft, random) => {
    const [, value = ""] = draft.headers.find(([name]) => name === "authorization")?.[1].split(" ") ?? [];
    setHeader(draft, "authorization", `${random.pick(["Bearer", "DPoP", "Digest", "Basi", "Basicx", ""])} ${value}`);
  }),
  refused("credentials of anything", (draft, random) => {
    setHeader(draft, "authorization", random.text(PRINTABLE, 1 + random.below(300)).trim() || "x");
  }),
  refused("credentials twice", (draft, _random, sender) => {
    draft.form.push(["client_id", sender.clientId], ["client_secret", sender.secret]);
  }),
  refused("another client_id beside the credentials", (draft, random) => {
    draft.form.push(["client_id", random.text(PRINTABLE + WILD, 1 + random.below(300))]);
  }),
  refused("a client assertion beside the credentials", (draft, random) => {
    draft.form.push(["client_assertion", random.text(BASE64URL, 40)]);
  }),
  granted("the same client_id beside the credentials", (draft, _random, sender) => {
    draft.form.push(["client_id", sender.clientId]);
  }),
  granted("credentials in the form", (draft, _random, sender) => {
    draft.headers = draft.headers.filter(([name]) => name !== "authorization");
    draft.form.push(["client_id", sender.clientId], ["client_secret", sender.secret]);
  }),
];

const FORM: readonly Mutation[] = [
  refused("a parameter twice", (draft, random) => {
    const [name, value] = random.pick(draft.form);
    draft.form.push([name, random.pick([value, "", "other"])]);
  }),
  refused("an unknown parameter twice", (draft, random) => {
    const name = random.text(PRINTABLE + WILD, 1 + random.below(20));
    draft.form.push([name, "1"], [name, "2"]);
  }),
  refused("no grant type", (draft) => {
    draft.form = [];
  }),
  refused("another grant type", (draft, random) => {
    draft.form = [["grant_type", replaceOne(JWT_BEARER, `${BASE64URL}: `, random)]];
  }),
  refused("too many parameters", (draft, random) => {
    for (let at = 0; at < 33 + random.below(100); at += 1) draft.form.push([`p${at}`, "1"]);
  }),
  refused("a scope that nobody has", (draft, random) => {
    draft.form.push(["scope", `x${random.text("abc:", 1 + random.below(20))}`]);
  }),
  refused("a scope that is none", (draft, random) => {
    draft.form.push([
      "scope",
      random.pick([
        " ",
        "files:read ",
        " files:read",
        "files:read\tfiles:write",
        "\u0000",
        'a"b',
        "a\\b",
        "é",
        "x".repeat(200),
      ]),
    ]);
  }),
  refused("another resource", (draft, random, sender) => {
    draft.form.push([
      "resource",
      random.pick([
        replaceOne(sender.resource, "xyz%/?#", random),
        random.text(PRINTABLE + WILD, 1 + random.below(600)),
        `${sender.resource}/`,
      ]),
    ]);
  }),
  refused("authorization details", (draft, random) => {
    draft.form.push([
      "authorization_details",
      random.pick(["[]", "{}", "null", random.text(PRINTABLE, 1 + random.below(100))]),
    ]);
  }),
  granted("unknown parameters", (draft, random) => {
    for (let at = 0; at < random.below(20); at += 1)
      draft.form.push([`x_${at}_${random.text(PRINTABLE + WILD, 5)}`, random.text(PRINTABLE + WILD, random.below(50))]);
  }),
  granted("parameters without a value", (draft, random) => {
    for (const name of ["scope", "resource", "client_secret", "client_assertion", "authorization_details"]) {
      if (random.next() < 0.5) draft.form.push([name, ""]);
    }
  }),
  granted("a scope among others", (draft, random) => {
    const others = Array.from({ length: random.below(30) }, () => `x${random.text("abc:/.", 1 + random.below(20))}`);
    draft.form.push(["scope", random.shuffle(["files:read", ...others]).join(" ")]);
  }),
  granted("the order of the parameters", (draft, random, sender) => {
    draft.form = [
      ...random.shuffle([...draft.form, ["resource", sender.resource], ["client_id", sender.clientId]] as const),
    ].map(([name, value]) => [name, value]);
  }),
];

/** What is done to an assertion that was good when it was signed. */
const BYTES: readonly Mutation[] = [
  refused("a character of the assertion", (draft, random) => {
    draft.spoil = (assertion) => replaceOne(assertion, `${BASE64URL}.`, random);
  }),
  refused("a character that is not of the alphabet", (draft, random) => {
    draft.spoil = (assertion) => replaceOne(assertion, `=+/ \n\u0000${WILD}`, random);
  }),
  refused("a character too much", (draft, random) => {
    draft.spoil = (assertion) => {
      const at = random.below(assertion.length + 1);
      return assertion.slice(0, at) + random.pick(["A", "_", ".", "=", "%", " ", "\n"]) + assertion.slice(at);
    };
  }),
  refused("a character less", (draft, random) => {
    draft.spoil = (assertion) => {
      const at = random.below(assertion.length);
      return assertion.slice(0, at) + assertion.slice(at + 1);
    };
  }),
  refused("an assertion cut short", (draft, random) => {
    draft.spoil = (assertion) => assertion.slice(0, random.below(assertion.length));
  }),
  refused("two characters that change places", (draft, random) => {
    draft.spoil = (assertion) => {
      const at = random.below(assertion.length - 1);
      const [left = "", right = ""] = [assertion[at], assertion[at + 1]];
      return left === right ? "" : assertion.slice(0, at) + right + left + assertion.slice(at + 2);
    };
  }),
  refused("a part of the assertion", (draft, random) => {
    const part = random.below(3);
    const other = random.text(BASE64URL, random.below(200));
    draft.spoil = (assertion) => assertion.split(".").with(part, other).join(".");
  }),
  refused("a part too much or too few", (draft, random) => {
    const parts = random.below(3);
    draft.spoil = (assertion) =>
      random.pick([
        `${assertion}.`,
        `.${assertion}`,
        `${assertion}.e30`,
        assertion.split(".").slice(0, parts).join("."),
      ]);
  }),
  refused("an assertion of anything", (draft, random) => {
    const text = random.text(PRINTABLE + WILD, random.below(600));
    draft.spoil = () => text;
  }),
  refused("claims that were not signed", (draft, random) => {
    const claims = { ...draft.claims, scope: "files:read files:write admin", sub: random.text("abc", 5) };
    draft.spoil = (assertion) =>
      assertion
        .split(".")
        .with(1, base64url.encode(JSON.stringify(claims)))
        .join(".");
  }),
  refused("a signature of bits", (draft, random) => {
    const bytes = Uint8Array.from({ length: random.pick([0, 1, 63, 64, 65, 128]) }, () =>
      random.pick([0, 255, random.below(256)]),
    );
    draft.spoil = (assertion) => assertion.split(".").with(2, base64url.encode(bytes)).join(".");
  }),
];

/** What an identity provider that errs, or is in the wrong hands, signs with its own key. */
const CLAIMS: readonly Mutation[] = [
  refused("a claim that is missing", (draft, random) => {
    setClaim(draft, random.pick(["iss", "sub", "aud", "client_id", "jti", "iat", "exp", "scope"]), undefined);
  }),
  badClaim("iss", (issuer) => [
    ...NOT_A_STRING,
    issuer,
    "https://idp.example.com",
    "x".repeat(600),
    "\ud800",
    "\u0000",
  ]),
  badClaim("sub", NOT_A_SHORT_STRING),
  badClaim("aud", (issuer) => [
    ...NOT_A_STRING,
    `${issuer}/`,
    `${issuer}/token`,
    [issuer, issuer],
    [issuer, "x"],
    [[issuer]],
    issuer.toUpperCase(),
  ]),
  badClaim("client_id", [...NOT_A_SHORT_STRING, "another", " ", "*"]),
  badClaim("jti", NOT_A_SHORT_STRING),
  badClaim("iat", (_issuer, now) => [...NOT_A_DATE, String(now), now + 3600, now - 3600, 1]),
  badClaim("exp", (_issuer, now) => [...NOT_A_DATE, String(now), now - 3600, now + 7200, 2 ** 35]),
  badClaim("nbf", (_issuer, now) => [...NOT_A_DATE.filter((value) => value !== undefined), now + 3600]),
  badClaim("scope", [...NOT_A_STRING, " ", "a  b", "files:read ", "\u0000", 'a"b', "é", "unknown"]),
  badClaim("resource", [
    ...NEVER_A_CLAIM,
    7,
    "https://elsewhere.example/mcp",
    ["https://elsewhere.example/mcp"],
    "\ud800",
    Array.from({ length: 17 }, () => "x"),
  ]),
  badClaim("authorization_details", [null, [], {}, "x", [{ type: "x" }]]),
  badClaim("act", [
    null,
    true,
    "x",
    7,
    [],
    {},
    { sub: 7 },
    { sub: "" },
    { iss: "x" },
    { sub: "x", act: { sub: "x", act: { sub: "x", act: { sub: "x", act: { sub: "x" } } } } },
  ]),
  badClaim("cnf", [
    null,
    true,
    "x",
    [],
    {},
    { jkt: 7 },
    { jkt: "x" },
    { jkt: "A".repeat(43) },
    { jwk: {} },
    { kid: "x" },
    { jkt: "A".repeat(43), jwk: {} },
  ]),
  badClaim("auth_time", NOT_A_DATE),
  badClaim("acr", NOT_A_SHORT_STRING),
  badClaim("amr", [null, true, "pwd", 7, {}, [], [7], [[]], [""]]),
  badClaim("aud_tenant", [...NOT_A_SHORT_STRING, "another"]),
  badClaim("tenant", NOT_A_SHORT_STRING),
  granted("claims that mean nothing here", (draft, random) => {
    for (const name of ["azp", "nonce", "x_custom", "__proto__", "constructor", "toString", "hasOwnProperty"]) {
      if (random.next() < 0.5)
        draft.claims = { ...draft.claims, [name]: random.pick([null, 1, "x", [], { a: [1, { b: null }] }, "\u2028"]) };
    }
  }),
  granted("a subject of any script", (draft, random) => {
    setClaim(draft, "sub", `u${random.text('aé\u0131\u2028\u202e\u0000"\\', random.below(40))}`);
  }),
  granted("a jti of any script", (draft, random) => {
    setClaim(draft, "jti", `${crypto.randomUUID()}${random.text('aé\u0131\u2028\u202e\u0000"\\', random.below(40))}`);
  }),
  granted("an audience in a list", (draft, _random, { issuer }) => setClaim(draft, "aud", [issuer])),
  granted("who acts, and how the user signed in", (draft) => {
    draft.claims = { ...draft.claims, act: { sub: "agent" }, auth_time: 1_700_000_000, acr: "1", amr: ["pwd"] };
  }),
];

const HEADER: readonly Mutation[] = [
  refused("header alg", (draft, random) => {
    const algorithms = [
      "none",
      "None",
      "HS256",
      "RS256",
      "PS256",
      "ES384",
      "ES512",
      "EdDSA",
      "es256",
      "",
      null,
      7,
      ["ES256"],
      { a: 1 },
    ];
    draft.header = { ...draft.header, alg: random.pick(algorithms) };
  }),
  refused("header typ", (draft, random) => {
    const types = [
      "JWT",
      "at+jwt",
      "oauth-id-jag",
      "oauth-id-jag+jwtx",
      "application/application/oauth-id-jag+jwt",
      "\u212Auth",
      "",
      null,
      7,
      [],
    ];
    draft.header = { ...draft.header, typ: random.pick(types) };
  }),
  refused("header kid", (draft, random) => {
    draft.header = {
      ...draft.header,
      kid: random.pick([
        "another",
        "../../key",
        "' OR 1=1 --",
        "",
        null,
        7,
        [],
        "x".repeat(200),
        random.text(PRINTABLE, 20),
      ]),
    };
  }),
  refused("header that names its own key", (draft, random) => {
    const name = random.pick(["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"]);
    draft.header = {
      ...draft.header,
      [name]: random.pick([null, "https://evil.example/jwks", {}, [], ["exp"], false, { kty: "oct", k: "AA" }]),
    };
  }),
  granted("header members that choose nothing", (draft, random) => {
    draft.header = {
      ...draft.header,
      x5t: random.text(BASE64URL, 27),
      "x5t#S256": random.text(BASE64URL, 43),
      ver: random.below(9),
    };
  }),
  granted("header spelled as a media type", (draft, random) => {
    draft.header = {
      ...draft.header,
      typ: random.pick(["application/oauth-id-jag+jwt", "OAUTH-ID-JAG+JWT", "Application/OAuth-ID-JAG+JWT"]),
    };
  }),
  granted("header without kid", (draft) => {
    draft.header = { ...draft.header, kid: undefined };
  }),
];

/** A member that is there already, written once more in front of the rest. */
function repeatMember(members: Members, random: Random): string {
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  const [name, value] = random.pick(present);
  const escaped = random.next() < 0.5 ? name : `\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}`;
  return `{"${escaped}":${JSON.stringify(value)},${JSON.stringify(members).slice(1)}`;
}

const STRUCTURE: readonly Mutation[] = [
  refused("a member twice", (draft, random) => {
    if (random.next() < 0.5) draft.claimsText = repeatMember(draft.claims, random);
    else draft.headerText = repeatMember(draft.header, random);
  }),
  refused("JSON that is none", (draft, random) => {
    const text = JSON.stringify(draft.claims);
    draft.claimsText = random.pick([
      `${text},`,
      `${text}${text}`,
      text.slice(0, -1),
      `${text}x`,
      `\ufeff${text}`,
      text.replaceAll('"', "'"),
      `${text}//`,
      text.replace("}", ",}"),
      `[${text}]`,
      "null",
      "7",
      '""',
      "",
      "[]",
    ]);
  }),
  refused("numbers that are none", (draft, random) => {
    const number = random.pick([
      "NaN",
      "Infinity",
      "1e999",
      "-1e999",
      "0x10",
      "01",
      "1.",
      ".5",
      "+1",
      "1e",
      "9007199254740993",
      "1_000",
    ]);
    draft.claimsText = `{"x":${number},${JSON.stringify(draft.claims).slice(1)}`;
  }),
  refused("depth", (draft, random) => {
    const depth = 17 + random.below(2_000);
    const [open, close] = random.pick([
      ["[", "]"],
      ['{"a":', "}"],
    ] as const);
    draft.claimsText = `{"x":${open.repeat(depth)}${open === "[" ? "" : "1"}${close.repeat(depth)},${JSON.stringify(draft.claims).slice(1)}`;
  }),
  refused("breadth", (draft, random) => {
    setClaim(
      draft,
      "x",
      Array.from({ length: 2_100 + random.below(2_000) }, () => 1),
    );
  }),
  refused("size", (draft, random) => {
    setClaim(draft, "x", "x".repeat(16_384 + random.below(4_000)));
  }),
  refused("bytes that are not UTF-8", (draft, random) => {
    const bytes = new TextEncoder().encode(JSON.stringify(draft.claims));
    bytes[random.below(bytes.length)] = random.pick([0x80, 0xc0, 0xfe, 0xff]);
    draft.claimsText = bytes;
  }),
  refused("control characters in JSON", (draft, random) => {
    draft.claimsText = JSON.stringify(draft.claims).replace(
      '"sub":"',
      `"sub":"${random.pick(["\u0000", "\n", "\t", "\u001f"])}`,
    );
  }),
  granted("white space in JSON", (draft, random) => {
    draft.claimsText = JSON.stringify(draft.claims, null, random.pick([1, 4, "\t"]));
  }),
  granted("members that are escaped", (draft) => {
    draft.claimsText = JSON.stringify(draft.claims)
      .replace('"sub"', '"\\u0073\\u0075b"')
      .replace('"aud"', '"\\u0061ud"');
  }),
  granted("the order of the members", (draft, random) => {
    draft.claims = Object.fromEntries(random.shuffle(Object.entries(draft.claims)));
  }),
];

export const MUTATIONS: readonly Mutation[] = [
  ...ON_THE_WIRE,
  ...CREDENTIALS,
  ...FORM,
  ...BYTES,
  ...CLAIMS,
  ...HEADER,
  ...STRUCTURE,
];
