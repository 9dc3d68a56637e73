import { describeFinding } from "../check/finding.ts";
import type { TrustChanges } from "../trust-changes.ts";
import type { TrustDocument, TrustProblem } from "../trust-documents.ts";
import type { TrustSummary } from "../trust-summary.ts";
import { describeRefused, explainCommand, type Surroundings } from "./describe-refused.ts";
import type { FindingChanges } from "./finding-changes.ts";
import type { RefusedRequestLine } from "./worker-line.ts";

/** What a running local Crossgate tells its user, or the harness that started it. */
export interface ListeningFacts {
  readonly url: string;
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly metadata_url: string;
  readonly config_directory: string;
  readonly state_directory: string;
  readonly admin_api: string;
  readonly admin_key: string;
  readonly trust: TrustSummary;
}

/** Writes to stdout: lines for people, or with --json one object per line, the first of which is the listening event. */
export class DevReport {
  readonly #asJson: boolean;
  constructor(asJson: boolean) {
    this.#asJson = asJson;
  }

  listening(facts: ListeningFacts): void {
    this.#write({ event: "listening", ...facts }, describeFacts(facts));
  }

  changes({ added, changed, removed }: TrustChanges): void {
    this.#documents("added", added);
    this.#documents("changed", changed);
    this.#documents("removed", removed);
  }

  removedStale(keys: readonly string[]): void {
    for (const key of keys) this.#write({ event: "removed", key }, `removed ${key}: no file states it any more`);
  }

  refused({ path, message }: TrustProblem): void {
    this.#write(
      { event: "refused", path, message },
      `refused ${message}\n        its last good document stays in force, if it had one`,
    );
  }

  soundAgain(path: string): void {
    this.#write({ event: "sound_again", path }, `sound again ${path}`);
  }

  /** What `crossgate check` says of the directory, as far as it is new. */
  findings({ appeared, mended, remaining }: FindingChanges): void {
    for (const finding of appeared) this.#write({ event: "finding", ...finding }, describeFinding(finding));
    if (mended > 0) this.#write({ event: "mended", mended, remaining }, `mended  ${mended}, ${remaining} remaining`);
  }

  /** Other machines reach a development Crossgate, which has no rate limits and takes plain http. */
  exposed(host: string): void {
    const message = `warning  listens on ${host}, which other machines may reach: over plain http, without rate limits, with secrets of development`;
    this.#write({ event: "exposed", host }, message);
  }

  requestRefused(request: RefusedRequestLine, surroundings: Surroundings): void {
    const time = new Date(surroundings.nowMilliseconds).toISOString();
    const explain = explainCommand(request, surroundings);
    this.#write({ ...request, time, explain }, describeRefused(request, surroundings));
  }

  stopped(): void {
    this.#write({ event: "stopped" }, "stopped; the state is kept");
  }

  #documents(event: string, documents: readonly TrustDocument[]): void {
    for (const { key, path } of documents) this.#write({ event, key, path }, `${event} ${key} (${path})`);
  }

  #write(event: object, text: string): void {
    process.stdout.write(`${this.#asJson ? JSON.stringify(event) : text}\n`);
  }
}

function describeFacts(facts: ListeningFacts): string {
  return [
    `Crossgate listens on ${facts.url}`,
    "",
    `  issuer           ${facts.issuer}`,
    `  token endpoint   ${facts.token_endpoint}`,
    `  metadata         ${facts.metadata_url}`,
    `  trust            ${facts.config_directory} (edits apply as you save them)`,
    `  state            ${facts.state_directory}`,
    `  admin API        ${facts.admin_api} (key: ${facts.admin_key})`,
    "",
    ...describeTrust(facts),
  ].join("\n");
}

function describeTrust({ trust: { idps, clients, resources, policies }, url }: ListeningFacts): string[] {
  return [
    ...section(
      "identity providers",
      idps,
      (idp) => `${idp.issuer}  speaks for ${idp.organizations.join(", ")}${stateOf(idp)}`,
    ),
    ...section("clients", clients, (client) => `${client.client_id}  ${client.name}${stateOf(client)}`),
    ...section("MCP servers", resources, (server) => {
      const reach = new URL(server.resource).origin === url ? "" : `  (not at ${url}: nobody reaches it here)`;
      const origin = server.upstream === null ? `tools of ${server.members.join(", ")}` : `from ${server.upstream}`;
      return `${server.resource}  ${origin}${stateOf(server)}${reach}`;
    }),
    ...section(
      "policies",
      policies,
      ({ organization, rules }) => `${organization}  ${rules} ${rules === 1 ? "rule" : "rules"}`,
    ),
  ];
}

function section<Entry>(title: string, entries: readonly Entry[], describe: (entry: Entry) => string): string[] {
  const lines = entries.map((entry) => `    ${describe(entry)}`);
  return [`  ${title}`, ...(lines.length > 0 ? lines : ["    none"])];
}

function stateOf({ enabled }: { readonly enabled: boolean }): string {
  return enabled ? "" : "  (disabled)";
}
