import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { redemption } from "../src/redemption/redemption.ts";
import { tokenRequest } from "../src/token-endpoint/token-request.ts";
import { isTokenEndpointReason, toWireError } from "../src/token-endpoint/wire-errors.ts";

const SOURCE = join(import.meta.dirname, "..", "src");

interface Row {
  readonly name: string;
  readonly holds: string;
  readonly refusals: readonly string[];
}

/**
 * The README's table of checks: names and order from the pipelines that run, the sentence from the line that adds each
 * check, the refusals from the source of the check, and what the client sees from the wire table.
 */
export async function checkTable(): Promise<string> {
  const request = await rowsOf(tokenRequest.order, "token-endpoint/token-request.ts", requestSources);
  const redeem = await rowsOf(redemption.order, "redemption/redemption.ts", redemptionSources);
  const lines = [...request, ...redeem].map(({ name, holds, refusals }, index) =>
    [index + 1, `\`${name}\``, holds, describeRefusals(refusals)].join(" | "),
  );
  return ["| # | check | what must hold | or else |", "|---|---|---|---|", ...lines.map((line) => `| ${line} |`)].join(
    "\n",
  );
}

type Sources = (name: string) => Promise<string>;

async function rowsOf(order: readonly string[], list: string, sources: Sources): Promise<Row[]> {
  const text = await readFile(join(SOURCE, list), "utf8");
  return Promise.all(
    order.map(async (name) => {
      const [, holds] = new RegExp(`\\.check\\("${name}", \\w+\\);? +//\\s*(.+)`).exec(text) ?? [];
      if (holds === undefined) throw new Error(`${list}: the line that adds ${name} lacks its sentence`);
      return { name, holds, refusals: reasonsIn(await sources(name)) };
    }),
  );
}

function reasonsIn(source: string): readonly string[] {
  const literals = [...source.matchAll(/"([a-z_]+)"/g)].map(([, literal]) => literal ?? "");
  return [...new Set(literals.filter((literal) => isTokenEndpointReason(literal)))];
}

function describeRefusals(reasons: readonly string[]): string {
  const byAnswer = Map.groupBy(reasons, (reason) => {
    const { status, error } = toWireError(isTokenEndpointReason(reason) ? reason : "fault");
    return `${status} \`${error}\``;
  });
  return [...byAnswer].map(([answer, those]) => `${answer}: ${those.join(", ")}`).join("; ");
}

/** Each check has a file of its own name; what that shares with another line is a file beside the folder. */
async function redemptionSources(name: string): Promise<string> {
  const file = await readFile(join(SOURCE, "redemption/checks", `${name.replaceAll("_", "-")}.ts`), "utf8");
  const shared = /from "\.\.\/(acceptance-window)\.ts"/.exec(file)?.[1];
  return shared === undefined ? file : file + (await readFile(join(SOURCE, "redemption", `${shared}.ts`), "utf8"));
}

const REQUEST_FILES: Readonly<Record<string, string>> = {
  form: "token-endpoint/form.ts",
  client_authentication: "token-endpoint/client-authentication",
};

/** The small ones are functions beside the list; the large ones have a file or a folder. */
async function requestSources(name: string): Promise<string> {
  const place = REQUEST_FILES[name];
  if (place === undefined)
    return functionIn(await readFile(join(SOURCE, "token-endpoint/token-request.ts"), "utf8"), name);
  if (place.endsWith(".ts")) return readFile(join(SOURCE, place), "utf8");
  const files = (await readdir(join(SOURCE, place))).toSorted();
  return (await Promise.all(files.map((file) => readFile(join(SOURCE, place, file), "utf8")))).join("\n");
}

function functionIn(source: string, name: string): string {
  const camel = name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  const start = source.search(new RegExp(`function ${camel}\\(`));
  if (start === -1) throw new Error(`token-request.ts has no function ${camel}`);
  return source.slice(start, source.indexOf("\n}\n", start));
}
