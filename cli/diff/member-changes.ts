import { isDeepStrictEqual } from "node:util";

const MOST_LINES = 20;
const LONGEST_VALUE = 60;

/** What differs between two JSON documents: one line a member, lists as what came and what went. */
export function describeMemberChanges(before: unknown, after: unknown): readonly string[] {
  const lines = [...compare(before, after, "")];
  return lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more changes`]
    : lines;
}

function* compare(before: unknown, after: unknown, path: string): Generator<string> {
  if (isDeepStrictEqual(before, after)) return;
  const [was, is] = [membersOf(before), membersOf(after)];
  if (was !== null && is !== null) {
    for (const name of new Set([...was.keys(), ...is.keys()])) {
      yield* compareMember({ was: was.get(name), is: is.get(name), path: path === "" ? name : `${path}.${name}` });
    }
  } else if (Array.isArray(before) && Array.isArray(after)) yield* compareLists(before, after, path);
  else yield `${path}: ${brief(before)} → ${brief(after)}`;
}

function* compareMember({ was, is, path }: { was: unknown; is: unknown; path: string }): Generator<string> {
  if (was === undefined) yield `${path}: added, ${brief(is)}`;
  else if (is === undefined) yield `${path}: removed, was ${brief(was)}`;
  else yield* compare(was, is, path);
}

function* compareLists(before: readonly unknown[], after: readonly unknown[], path: string): Generator<string> {
  const came = after.filter((item) => !before.some((other) => isDeepStrictEqual(item, other)));
  const went = before.filter((item) => !after.some((other) => isDeepStrictEqual(item, other)));
  if (came.length === 0 && went.length === 0) yield `${path}: other order`;
  else
    yield `${path}: ${[...went.map((item) => `− ${brief(item)}`), ...came.map((item) => `+ ${brief(item)}`)].join(", ")}`;
}

/** Rules have names of their own, by which they are told apart wherever they stand in the list. */
function membersOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (Array.isArray(value)) {
    const named = value.map((item: unknown): [string, unknown] => [idOf(item), item]);
    const ids = new Set(named.map(([id]) => id));
    return value.length > 0 && !ids.has("") && ids.size === value.length ? new Map(named) : null;
  }
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : null;
}

function idOf(item: unknown): string {
  return typeof item === "object" && item !== null && "id" in item && typeof item.id === "string" ? item.id : "";
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
