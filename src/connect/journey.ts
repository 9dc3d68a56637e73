import * as z from "zod";
import { encodeBase64url } from "../jwt/base64url.ts";
import { LIMITS } from "../limits.ts";
import { wantedSchema } from "./connect-link.ts";
import type { Seal } from "./seal.ts";

const text = z.string().min(1).max(LIMITS.urlBytes);
const random = z.string().length(43);

/** Who has signed in, as the gateway would know them. */
const personSchema = z.strictObject({
  organization: text,
  issuer: text,
  tenant: text.nullable(),
  sub: text,
  account: text.nullable(),
  principal: text,
  /** What the page calls them: an address where the provider gives one. */
  name: text,
  signed_in_at: z.int(),
});

export type Person = z.output<typeof personSchema>;

/** An authorization request that has been sent out: its answer must come back to this very browser, once. */
const sent = { state: random, verifier: random, wanted: wantedSchema };

const journeySchema = z.discriminatedUnion("step", [
  /** Gone to the identity provider, to say who they are. */
  z.strictObject({ step: z.literal("signing_in"), ...sent, nonce: random }),
  /** Known, and asked whether they want this. */
  z.strictObject({ step: z.literal("asked"), wanted: wantedSchema, person: personSchema, csrf: random }),
  /** Agreed, and gone to the server's authorization server. */
  z.strictObject({
    step: z.literal("authorizing"),
    ...sent,
    person: personSchema,
    authorization_server: text,
    /** What the document asked for when they agreed. */
    binding: random,
  }),
  /** Agreed, and gone to the identity provider once more, for what may be kept of their sign-in. */
  z.strictObject({ step: z.literal("lending"), ...sent, nonce: random, person: personSchema }),
  z.strictObject({ step: z.literal("connected"), wanted: wantedSchema, person: personSchema }),
]);

export type Journey = z.output<typeof journeySchema>;
type Step = Journey["step"];
export type JourneyAt<At extends Step> = Extract<Journey, { step: At }>;

/** Neither another host of our domain nor a page's script can plant or read it (RFC 6265bis §4.1.3.2). */
const COOKIE = "__Host-crossgate-connect";
/** Lax, since an authorization server sends the browser back to us from another site. */
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** Where one browser stands on its way: in its cookie, sealed. A step takes the place of the one before. */
export class Journeys {
  readonly #seal: Seal;

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** @returns the Set-Cookie header */
  async write(journey: Journey, nowSeconds: number): Promise<string> {
    const seconds = LIMITS.connectJourneySeconds;
    const sealed = await this.#seal.seal("journey", journey, nowSeconds + seconds);
    return `${COOKIE}=${sealed}; Max-Age=${seconds}; ${ATTRIBUTES}`;
  }

  async read(request: Request, nowSeconds: number): Promise<Journey | "unreadable" | "expired"> {
    const values = readCookies(request.headers.get("cookie") ?? "");
    const [value] = values;
    if (value === undefined || values.length > 1 || value.length > LIMITS.connectCookieCharacters) return "unreadable";
    const opened = await this.#seal.open("journey", value, nowSeconds);
    if (opened === "unreadable" || opened === "expired") return opened;
    const { expires: _, ...members } = opened;
    return journeySchema.safeParse(members).data ?? "unreadable";
  }
}

export const FORGET_JOURNEY = `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;

export function randomText(): string {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(32)));
}

function readCookies(header: string): readonly string[] {
  const pairs = header.split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${COOKIE}=`)).map((pair) => pair.slice(COOKIE.length + 1));
}
