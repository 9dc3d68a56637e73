import type { BackendChoice } from "../backend/open-backend.ts";
import { quoteWord } from "./every-connection.ts";

/** What a command needs to reach the same Crossgate. */
export function whereOf(choice: BackendChoice): string {
  if (choice.kind === "api") return `--url ${choice.issuer} --key ${quoteWord(choice.keyPath)}`;
  return choice.kind === "remote" ? "--url ISSUER --key FILE" : `--state ${quoteWord(choice.stateDirectory)}`;
}
