import { numberText } from "../jwt/lossless-json.ts";
import { isObject, type Json, type JsonObject } from "../jwt/strict-json.ts";
import { type Detector, type Finding, mergeFindings } from "./finding.ts";

export interface Inspected {
  /** With a word in the place of each finding. */
  readonly value: Json;
  readonly count: number;
  /** Something was found that cannot be taken out: in a member's name, or across the seam between two texts. */
  readonly isStuck: boolean;
}

/** Texts whose reader puts them together: what is cut in two at a seam is whole again there. */
const JOINED_MEMBERS: ReadonlySet<string> = new Set(["text", "message", "data"]);
/** How much on either side of a seam is read across it: longer than the longest JWT that is known for one. */
const SEAM_CHARACTERS = 16_384;
const BASE64 = /[A-Za-z0-9+/_-]{24,}={0,2}/g;

/** Looks through every text of one message after the other, for one detector. */
export class TextInspection {
  readonly #detector: Detector;
  /** The texts that are read as one, as far as a seam could hide something, and where in it the seams are. */
  #run = "";
  #seams: number[] = [];
  #count = 0;
  #isStuck = false;

  constructor(detector: Detector) {
    this.#detector = detector;
  }

  inspect(value: Json): Inspected {
    [this.#count, this.#isStuck] = [0, false];
    const inspected = this.#value(value, "");
    this.#readSeams();
    this.#run = this.#run.slice(-SEAM_CHARACTERS);
    return { value: inspected, count: this.#count, isStuck: this.#isStuck };
  }

  #value(value: Json, member: string): Json {
    if (typeof value === "string") return this.#joined(value, member);
    const number = typeof value === "number" ? String(value) : numberText(value);
    if (number !== null) return this.#number(number, value);
    if (Array.isArray(value)) return value.map((item: Json) => this.#value(item, member));
    return isObject(value) ? this.#object(value) : value;
  }

  #object(value: JsonObject): JsonObject {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        if (this.#find(name).length > 0) this.#stick();
        return [name, member === undefined ? member : this.#value(member, name)];
      }),
    );
  }

  /** A number that is one becomes a text: it is a card's, or somebody's telephone. */
  #number(text: string, value: Json): Json {
    const findings = this.#find(text);
    return findings.length === 0 ? value : this.#redact(text, findings);
  }

  #joined(text: string, member: string): string {
    if (JOINED_MEMBERS.has(member) && text !== "") this.#join(text);
    return this.#redact(text, this.#find(text));
  }

  /** The middle of a long text is far from any seam. */
  #join(text: string): void {
    this.#seams.push(this.#run.length);
    const isLong = text.length > 2 * SEAM_CHARACTERS;
    this.#run += isLong ? text.slice(0, SEAM_CHARACTERS) : text;
    if (!isLong) return;
    this.#readSeams();
    this.#run = text.slice(-SEAM_CHARACTERS);
  }

  /** All seams in one pass, so that a thousand small texts cost no more than one that is as long as they are. */
  #readSeams(): void {
    const seams = this.#seams;
    this.#seams = [];
    if (seams.length === 0) return;
    let next = 0;
    for (const { start, end } of this.#find(this.#run)) {
      while ((seams[next] ?? Infinity) <= start) next += 1;
      if ((seams[next] ?? Infinity) < end) this.#stick();
    }
  }

  #redact(text: string, findings: readonly Finding[]): string {
    this.#count += findings.length;
    let [redacted, at] = ["", 0];
    for (const { start, end, label } of findings) {
      redacted += `${text.slice(at, start)}[redacted ${label}]`;
      at = end;
    }
    return findings.length === 0 ? text : redacted + text.slice(at);
  }

  #find(text: string): readonly Finding[] {
    const encoded: Finding[] = [];
    for (const { 0: run, index } of text.matchAll(BASE64)) {
      const [hidden] = this.#findEncoded(run);
      if (hidden !== undefined) encoded.push({ start: index, end: index + run.length, label: hidden.label });
    }
    return mergeFindings([...this.#detector.find(text), ...encoded]);
  }

  #findEncoded(run: string): readonly Finding[] {
    const decoded = decodeBase64(run, this.#detector.readsBinary);
    return decoded === null ? [] : this.#detector.find(decoded);
  }

  #stick(): void {
    this.#isStuck = true;
    this.#count += 1;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @returns null for what is no base64, and for what is no text where only texts are looked at */
function decodeBase64(run: string, takesBinary: boolean): string | null {
  const standard = run.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  try {
    const binary = atob(standard.slice(0, standard.length - (standard.length % 4 === 1 ? 1 : 0)));
    if (takesBinary) return binary;
    return utf8.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
  } catch {
    return null;
  }
}
