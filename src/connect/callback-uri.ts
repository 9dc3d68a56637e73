import { digestParts } from "../jwt/digest.ts";

export const CALLBACK_PATH = "/connect/callback";
const CALLBACK_ID_CHARACTERS = 22;

/** One for each authorization server, to be registered there; our metadata document has one for all that read it. */
export async function callbackUri(
  { client }: { readonly client: { readonly kind: "registered" | "metadata_document" } },
  authorizationServer: string,
  ourIssuer: string,
): Promise<string> {
  if (client.kind === "metadata_document") return `${ourIssuer}${CALLBACK_PATH}`;
  const digest = await digestParts(["connect-callback", authorizationServer]);
  return `${ourIssuer}${CALLBACK_PATH}/${digest.slice(0, CALLBACK_ID_CHARACTERS)}`;
}
