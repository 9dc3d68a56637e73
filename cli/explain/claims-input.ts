import type { StatedAssertion } from "../../src/explain/rehearsal.ts";
import { decodeBase64url } from "../../src/jwt/base64url.ts";
import { AmbiguousJson, decodeUtf8, type JsonObject, parseStrictObject } from "../../src/jwt/strict-json.ts";
import { CommandError } from "../command-error.ts";
import { readFileText, readStandardInput } from "../input-text.ts";

/** @param source a path, or - for standard input. @throws CommandError naming it */
export async function readClaims(source: string): Promise<StatedAssertion> {
  const isInput = source === "-";
  const text = isInput ? await readStandardInput("the claims, as JSON or as a JWT") : await readFileText(source);
  const name = isInput ? "Standard input" : source;
  try {
    return parseClaims(text.trim());
  } catch (error) {
    if (!(error instanceof AmbiguousJson)) throw error;
    throw new CommandError(
      `${name}: ${error.message}. Give the claims of an ID-JAG as one JSON object, or the ID-JAG itself.`,
    );
  }
}

/** Reads a JWT's payload and believes nothing in it: its signature is not looked at. @throws AmbiguousJson */
export function parseClaims(text: string): StatedAssertion {
  if (text.startsWith("{")) return { header: null, claims: parseStrictObject(text) };
  const [header = "", payload = "", ...rest] = text.split(".");
  if (rest.length !== 1) throw new AmbiguousJson("neither a JSON object nor a JWT");
  return { header: decodePart(header), claims: decodePart(payload) };
}

function decodePart(part: string): JsonObject {
  const bytes = decodeBase64url(part);
  if (bytes === null) throw new AmbiguousJson("not base64url");
  return parseStrictObject(decodeUtf8(bytes));
}
