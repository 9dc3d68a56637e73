import { LIMITS } from "../limits.ts";
import type { AdminRoute } from "./route.ts";

export type Match =
  | { readonly kind: "route"; readonly route: AdminRoute; readonly parameters: Readonly<Record<string, string>> }
  | { readonly kind: "method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

/**
 * Finds the row of the table for a path as it was sent. What is a parameter is decoded once, after the path was split, so
 * that an encoded slash is a character of a name and never a step; all else must be spelled as in the table.
 */
export function matchRoute(routes: readonly AdminRoute[], method: string, pathname: string): Match {
  if (pathname.length > LIMITS.adminPathCharacters) return { kind: "none" };
  const segments = pathname.split("/");
  const fitting = routes.flatMap((route) => {
    const parameters = readParameters(route.path, segments);
    return parameters === null ? [] : [{ route, parameters }];
  });
  const found = fitting.find(({ route }) => route.method === method);
  if (found !== undefined) return { kind: "route", ...found };
  return fitting.length === 0
    ? { kind: "none" }
    : { kind: "method", allowed: [...new Set(fitting.map(({ route }) => route.method))] };
}

function readParameters(path: string, segments: readonly string[]): Readonly<Record<string, string>> | null {
  const pattern = path.split("/");
  if (pattern.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [at, part] of pattern.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    const segment = segments[at] ?? "";
    if (name === undefined && segment !== part) return null;
    if (name === undefined) continue;
    const value = decodeSegment(segment);
    if (value === null || value === "") return null;
    parameters[name] = value;
  }
  return parameters;
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
