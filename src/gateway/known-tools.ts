import { isObject, type Json } from "../jwt/strict-json.ts";
import { LIMITS } from "../limits.ts";
import { readAnnotations, type ToolAnnotations } from "../policy/tool-annotations.ts";
import { findMirroredArguments, type MirroredArgument } from "./mirrored-arguments.ts";
import { fingerprintTool } from "../trust/tool-definition.ts";

/** A tool as its server defines it now. */
export interface SeenTool {
  /** null where one list has the name twice, with two definitions: nobody knows which one is called. */
  readonly fingerprint: string | null;
  readonly annotations: ToolAnnotations;
  readonly mirrored: readonly MirroredArgument[];
}

export type SeenTools = ReadonlyMap<string, SeenTool>;

/** Names as they are, byte for byte: what only looks alike is another tool. */
export async function seenToolsOf(items: readonly Json[]): Promise<SeenTools> {
  const named = items.flatMap((item) => {
    const name = isObject(item) ? item["name"] : undefined;
    return isObject(item) && typeof name === "string" ? [{ name, item }] : [];
  });
  const fingerprints = await Promise.all(named.map(({ item }) => fingerprintTool(item)));
  const seen = new Map<string, SeenTool>();
  named.forEach(({ name, item }, index) => {
    const fingerprint = fingerprints[index] ?? null;
    const before = seen.get(name);
    const isOne = before === undefined || before.fingerprint === fingerprint;
    const mirrored = findMirroredArguments(item["inputSchema"]);
    const annotations = readAnnotations(item["annotations"]);
    seen.set(name, { fingerprint: isOne ? fingerprint : null, annotations, mirrored });
  });
  return seen;
}

interface View {
  readonly tools: Map<string, { readonly tool: SeenTool; readonly atMilliseconds: number }>;
  /** When the whole list was last read: what it lacked then is not there. */
  wholeAtMilliseconds: number;
}

/**
 * What this isolate has seen of tools, by view: whoever asks, in which session, of which server. A server may define its
 * tools differently for each, so that none of them says anything about another. Good for a minute.
 */
export class KnownTools {
  readonly #views = new Map<string, View>();
  #count = 0;

  /** A page that passed by, or all of them. */
  learn(name: string, tools: SeenTools, isWhole: boolean): void {
    const now = Date.now();
    const view = this.#views.get(name) ?? { tools: new Map(), wholeAtMilliseconds: 0 };
    if (isWhole) {
      this.#forgetTools(view);
      view.wholeAtMilliseconds = now;
    }
    for (const [toolName, tool] of tools) {
      if (!view.tools.has(toolName)) this.#count += 1;
      view.tools.set(toolName, { tool, atMilliseconds: now });
    }
    // The one that was just heard of is the last to go.
    this.#views.delete(name);
    this.#views.set(name, view);
    this.#makeRoom();
  }

  /** @returns null where nothing recent is known. */
  find(view: string, toolName: string): SeenTool | "absent" | null {
    const known = this.#views.get(view);
    const seen = known?.tools.get(toolName);
    if (known === undefined) return null;
    if (seen !== undefined && isFresh(seen.atMilliseconds)) return seen.tool;
    return isFresh(known.wholeAtMilliseconds) ? "absent" : null;
  }

  /** The server has said that its list is another one now. */
  forget(view: string): void {
    const known = this.#views.get(view);
    if (known === undefined) return;
    this.#forgetTools(known);
    this.#views.delete(view);
  }

  #forgetTools(view: View): void {
    this.#count -= view.tools.size;
    view.tools.clear();
  }

  #makeRoom(): void {
    for (const name of this.#views.keys()) {
      if (this.#count <= LIMITS.toolsKnown && this.#views.size <= LIMITS.toolViewsKnown) return;
      this.forget(name);
    }
  }
}

function isFresh(atMilliseconds: number): boolean {
  return Date.now() - atMilliseconds < LIMITS.toolListFreshMilliseconds;
}
