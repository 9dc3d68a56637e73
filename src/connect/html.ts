/** Markup that may stand in a page as it is. Only `html` makes it. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Every value is text, and so escaped, unless it is markup of this function's own. Attributes must be quoted. */
export function html(fixed: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(fixed.map((text, at) => text + (at < parts.length ? spell(parts[at] ?? "") : "")).join(""));
}

function spell(part: Part): string {
  if (typeof part === "string") return escape(part);
  return part instanceof Markup ? part.text : part.map(({ text }) => text).join("");
}

/**
 * Characters that turn text around or cannot be seen (bidirectional controls, zero widths, controls) are shown as what
 * they are: a name must not read as another on the page where somebody agrees to it.
 */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u2800\u3164\uFFA0\u115F\u1160]/gu;

function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(DECEPTIVE, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`)
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
