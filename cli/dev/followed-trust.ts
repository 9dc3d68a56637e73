import { checkTrust } from "../check/check-trust.ts";
import type { Finding } from "../check/finding.ts";
import { CommandError } from "../command-error.ts";
import type { Deployment } from "../deployment.ts";
import type { LocalCrossgate } from "../local-runtime.ts";
import { findTrustChanges } from "../trust-changes.ts";
import { readTrustDirectory, type TrustDirectory, type TrustDocument } from "../trust-documents.ts";
import { applyTrustChanges } from "../trust-store.ts";
import type { DevReport } from "./dev-report.ts";
import { findFindingChanges } from "./finding-changes.ts";

interface Following {
  readonly configDirectory: string;
  readonly report: DevReport;
}

/** A trust directory as it is in force, kept in step with its edits; says what changed and what is odd about it. */
export class FollowedTrust {
  readonly #following: Following;
  #inForce: readonly TrustDocument[];
  #refused: ReadonlyMap<string, string> = new Map();
  #findings: readonly Finding[] = [];

  constructor(documents: readonly TrustDocument[], following: Following) {
    this.#inForce = documents;
    this.#following = following;
  }

  /** The names of one kind that are in force, as in "client". */
  names(kind: "client" | "resource"): readonly string[] {
    const prefix = `${kind}:`;
    return this.#inForce.flatMap(({ key }) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  }

  async apply(kv: LocalCrossgate["kv"], deployment: Deployment): Promise<void> {
    const { report } = this.#following;
    const found = await this.#read(deployment);
    const changes = findTrustChanges(this.#inForce, found);
    await applyTrustChanges(kv, changes);
    const [before, now] = [this.#refused, new Map(found.problems.map(({ path, message }) => [path, message]))];
    [this.#inForce, this.#refused] = [changes.inForce, now];
    report.changes(changes);
    for (const problem of found.problems) if (before.get(problem.path) !== problem.message) report.refused(problem);
    for (const path of before.keys()) if (!now.has(path)) report.soundAgain(path);
    await this.#check(deployment);
  }

  /** A directory that cannot be read is a mishap, not a wish to trust nobody: everything in force stays so. */
  async #read({ rules }: Deployment): Promise<TrustDirectory> {
    const { configDirectory } = this.#following;
    try {
      return await readTrustDirectory(configDirectory, rules);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { documents: this.#inForce, problems: [{ path: configDirectory, message: error.message }] };
    }
  }

  /** Of files that are refused, the refusal has said enough. */
  async #check(deployment: Deployment): Promise<void> {
    const { configDirectory, report } = this.#following;
    if (this.#refused.has(configDirectory)) return;
    const findings = await checkUnlessEdited(configDirectory, deployment);
    const others = findings?.filter(({ file }) => !this.#refused.has(file)) ?? this.#findings;
    report.findings(findFindingChanges(this.#findings, others));
    this.#findings = others;
  }
}

/** @returns null when a file went away under our eyes: that is another edit, which will be looked at in its turn. */
async function checkUnlessEdited(directory: string, deployment: Deployment): Promise<readonly Finding[] | null> {
  try {
    return (await checkTrust(directory, { deployment, nowMilliseconds: Date.now() })).findings;
  } catch (error) {
    if (error instanceof CommandError) return null;
    throw error;
  }
}
