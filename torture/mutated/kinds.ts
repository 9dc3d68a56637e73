import { createHash } from "node:crypto";
import { tokenBody } from "../../bench/token-requests.ts";
import { compose, makeDraft, MUTATIONS } from "../../test/support/mutations.ts";
import type { Random } from "../../test/support/random.ts";
import type { Outgoing } from "../connection.ts";
import { ADMIN, FORBIDDEN_TOOL, nowInSeconds, type People } from "./people.ts";
import { FORM, signAssertion } from "./players.ts";
import { type Signable, signed, spoil } from "./spoil.ts";

/** A request, and whether it may be granted: whoever spoils it knows. Null where only a 5xx would be wrong. */
export interface Attempt {
  readonly name: string;
  readonly outgoing: Outgoing;
  readonly verdict: "granted" | "refused" | null;
}

/** What a server has told, that good requests must repeat. */
export interface Told {
  readonly nonce: string;
  readonly accessToken: string;
}

type Make = (random: Random, people: People, told: Told) => Promise<Attempt>;

const CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** One in so many is left as it is, so that what refuses everything would be noticed. */
const CONTROL = 10;

const tokenRequest: Make = async (random, { sender }) => {
  const mutation = random.pick(MUTATIONS);
  const draft = makeDraft(sender);
  mutation.apply(draft, random, sender);
  const { method, headers, body } = await compose(draft, sender);
  return {
    name: `token: ${mutation.name}`,
    outgoing: { method, path: "/token", headers, body },
    verdict: mutation.verdict,
  };
};

async function spoilOrNot(
  signable: Signable,
  random: Random,
): Promise<{ token: string; verdict: "granted" | "refused" }> {
  const isControl = random.below(CONTROL) === 0;
  return {
    token: await (isControl ? signed(signable) : spoil(signable, random)),
    verdict: isControl ? "granted" : "refused",
  };
}

const clientAssertion: Make = async (random, people) => {
  const { sender, clientKey: key } = people;
  const now = nowInSeconds();
  const claims = {
    iss: sender.clientId,
    sub: sender.clientId,
    aud: sender.issuer,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 60,
  };
  const header = { alg: key.alg, kid: key.kid };
  const { token, verdict } = await spoilOrNot(
    { header, claims, needed: ["iss", "sub", "aud", "jti", "exp"], key },
    random,
  );
  const form = `client_assertion_type=${encodeURIComponent(CLIENT_ASSERTION_TYPE)}&client_assertion=${encodeURIComponent(token)}`;
  const body = `${tokenBody(await signAssertion(people))}&${form}`;
  return { name: "client assertion", outgoing: { method: "POST", path: "/token", headers: [FORM], body }, verdict };
};

const proof: Make = async (random, people, { nonce }) => {
  const { sender, proofKey: key } = people;
  const claims = { htm: "POST", htu: `${sender.issuer}/token`, jti: crypto.randomUUID(), iat: nowInSeconds(), nonce };
  const header = { typ: "dpop+jwt", alg: key.alg, jwk: key.material };
  const needed = ["htm", "htu", "jti", "iat", "nonce"];
  const { token, verdict } = await spoilOrNot({ header, claims, needed, key }, random);
  const headers = [FORM, ["authorization", sender.basic], ["dpop", token]] as const;
  const body = tokenBody(await signAssertion(people));
  return { name: "DPoP proof", outgoing: { method: "POST", path: "/token", headers, body }, verdict };
};

function callOf(accessToken: string, { sender }: People, body: string): Outgoing {
  const headers = [
    ["authorization", `Bearer ${accessToken}`],
    ["content-type", "application/json"],
    ["accept", "application/json, text/event-stream"],
  ] as const;
  return { method: "POST", path: new URL(sender.resource).pathname, headers, body };
}

function messageOf(tool: string): string {
  return JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: tool, arguments: { path: "/a" } },
  });
}

const accessToken: Make = async (random, people, told) => {
  const at = random.below(told.accessToken.length - 1);
  const other = told.accessToken[at] === "A" ? "B" : "A";
  const spoiled = random.pick([
    `${told.accessToken.slice(0, at)}${other}${told.accessToken.slice(at + 1)}`,
    told.accessToken.slice(0, at),
    `${told.accessToken}A`,
    `${told.accessToken}.`,
  ]);
  const isControl = random.below(CONTROL) === 0;
  const outgoing = callOf(isControl ? told.accessToken : spoiled, people, messageOf("read_file"));
  return { name: "access token", outgoing, verdict: isControl ? "granted" : "refused" };
};

const WORDS = [
  '"name":"forbidden_file"',
  '"Name":"read_file"',
  '"method":"tools/call"',
  '"params":{}',
  '"id":null',
  "\\u0066orbidden_file",
  "{",
  "}",
  '"',
  ",",
  "[",
  "]",
  "\u017f",
  "\u0000",
  "1e999",
];

/** A call that policy denies, changed until it might be read as another: the upstream must never see the tool's name. */
const message: Make = async (random, people, told) => {
  let text = messageOf(random.pick([FORBIDDEN_TOOL, "read_file"]));
  for (let left = random.below(6); left > 0; left -= 1) {
    const at = random.below(text.length + 1);
    text = text.slice(0, at) + random.pick(WORDS) + text.slice(at + random.below(6));
  }
  return { name: "message", outgoing: callOf(told.accessToken, people, text), verdict: null };
};

const adminRequest: Make = async (random, { sender, adminKey: key }) => {
  const now = nowInSeconds();
  const path = "/admin/v1/revocations";
  const claims = {
    iss: ADMIN,
    aud: `${sender.issuer}/admin`,
    htm: "GET",
    htu: `${sender.issuer}${path}`,
    body_sha256: createHash("sha256").update("").digest("base64url"),
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 60,
  };
  const needed = Object.keys(claims);
  const header = { typ: "crossgate-admin+jwt", alg: key.alg, kid: key.kid };
  const { token, verdict } = await spoilOrNot({ header, claims, needed, key }, random);
  const headers = [["authorization", `Crossgate-Admin ${token}`]] as const;
  return { name: "admin request", outgoing: { method: "GET", path, headers, body: null }, verdict };
};

/** Token requests, with the most ways to be wrong, come as often as all the others. */
export const KINDS: readonly Make[] = [
  tokenRequest,
  clientAssertion,
  tokenRequest,
  proof,
  tokenRequest,
  accessToken,
  tokenRequest,
  message,
  tokenRequest,
  adminRequest,
];
