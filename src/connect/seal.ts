import { SealedTexts } from "../jwt/sealed-text.ts";
import { AmbiguousJson, type JsonObject, parseStrictObject } from "../jwt/strict-json.ts";

/** What a sealed text is for. Each has a key of its own, so that none passes for another. */
export type SealKind = "link" | "journey";

export type Unsealed = JsonObject | "unreadable" | "expired";

/** Texts that we hand to a browser and believe when they come back, for a short while. Nothing is stored for them. */
export class Seal {
  readonly #texts: Readonly<Record<SealKind, SealedTexts>>;

  constructor(secret: string) {
    this.#texts = {
      link: new SealedTexts(secret, "links to /connect v1"),
      journey: new SealedTexts(secret, "journeys through /connect v1"),
    };
  }

  seal(kind: SealKind, contents: object, expiresAtSeconds: number): Promise<string> {
    return this.#texts[kind].seal(JSON.stringify({ ...contents, expires: expiresAtSeconds }), "");
  }

  async open(kind: SealKind, sealed: string, nowSeconds: number): Promise<Unsealed> {
    const text = await this.#texts[kind].open(sealed, "");
    const contents = text === null ? null : read(text);
    if (contents === null || typeof contents["expires"] !== "number") return "unreadable";
    return nowSeconds < contents["expires"] ? contents : "expired";
  }
}

function read(text: string): JsonObject | null {
  try {
    return parseStrictObject(text);
  } catch (error) {
    if (error instanceof AmbiguousJson) return null;
    throw error;
  }
}
