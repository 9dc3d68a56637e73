import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorker } from "../cli/worker-bundle.ts";
import { AssertionStock } from "./assertions.ts";
import { type Deployment, makeDeployment } from "./deployment.ts";
import { type ChosenGenerator, chooseGenerator } from "./load/load.ts";
import { describeMachine, findStateRoots, type Machine, type StateRoots } from "./machine.ts";
import type { Plan } from "./options.ts";
import { findPinning, pinProcess } from "./runtime/processor.ts";
import { Workerd } from "./runtime/workerd.ts";
import type { WorkerdConfig } from "./runtime/workerd-config.ts";
import type { SubjectFiles } from "./subject-files.ts";
import { ISSUER, type SubjectName, subjectConfig } from "./subjects.ts";

export type StateKind = "memory" | "disk";

/** What all sections share: the machine, one deployment, its bundle, its assertions. */
export class World {
  readonly plan: Plan;
  readonly machine: Machine;
  readonly stateRoots: StateRoots;
  readonly deployment: Deployment;
  readonly stock: AssertionStock;
  readonly load: ChosenGenerator;
  readonly #bundleDirectory: string;
  readonly #directory: string;
  readonly #stateDirectories: Record<StateKind, string>;
  readonly #running = new Set<Workerd>();
  #started = 0;

  private constructor(plan: Plan, made: Made) {
    this.plan = plan;
    this.machine = made.machine;
    this.stateRoots = made.stateRoots;
    this.deployment = made.deployment;
    this.stock = new AssertionStock(made.deployment.idp);
    this.load = chooseGenerator(plan.loadGenerator, made.machine.pinning?.load ?? null);
    this.#directory = made.directory;
    this.#bundleDirectory = join(made.directory, "bundle");
    this.#stateDirectories = made.stateDirectories;
  }

  static async make(plan: Plan): Promise<World> {
    const pinning = plan.pins ? findPinning() : null;
    const machine = describeMachine(pinning);
    const stateRoots = await findStateRoots();
    const directory = await mkdtemp(join(tmpdir(), "crossgate-bench-"));
    const stateDirectories = {
      memory: await mkdtemp(join(stateRoots.memory, "crossgate-bench-state-")),
      disk: await mkdtemp(join(stateRoots.disk, "state-")),
    };
    const deployment = await makeDeployment(ISSUER);
    const world = new World(plan, { machine, stateRoots, directory, stateDirectories, deployment });
    await bundleWorker(world.#bundleDirectory);
    if (pinning !== null) pinProcess(process.pid, pinning.load);
    return world;
  }

  /** A subject with empty storage. */
  start(name: SubjectName, state: StateKind = "memory", flags: readonly string[] = []): Promise<Workerd> {
    return this.startConfigured((files) => subjectConfig(name, files), state, flags);
  }

  async startConfigured(
    configure: (files: SubjectFiles) => Promise<WorkerdConfig>,
    state: StateKind = "memory",
    flags: readonly string[] = [],
  ): Promise<Workerd> {
    this.#started += 1;
    const directory = join(this.#directory, String(this.#started));
    const stateDirectory = join(this.#stateDirectories[state], String(this.#started));
    await mkdir(stateDirectory, { recursive: true });
    const { deployment } = this;
    const config = await configure({ deployment, directory, stateDirectory, bundleDirectory: this.#bundleDirectory });
    const workerd = await Workerd.start({ config, directory, flags, core: this.machine.pinning?.server ?? null });
    this.#running.add(workerd);
    return workerd;
  }

  async stop(workerd: Workerd): Promise<void> {
    await workerd.stop();
    this.#running.delete(workerd);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((workerd) => this.stop(workerd)));
    const directories = [this.#directory, ...Object.values(this.#stateDirectories)];
    await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
  }
}

interface Made {
  readonly machine: Machine;
  readonly stateRoots: StateRoots;
  readonly directory: string;
  readonly stateDirectories: Record<StateKind, string>;
  readonly deployment: Deployment;
}
