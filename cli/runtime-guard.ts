import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

/**
 * workerd outlives a parent that was killed outright, keeps its port and keeps the state directory open; the next start
 * would then fail. A tiny shell per workerd waits for the end of a pipe that only we hold, which the kernel closes
 * however we die, and ends that one workerd.
 */
export function endRuntimeWithThisProcess(): void {
  if (isGuarding || process.platform === "win32") return;
  isGuarding = true;
  subscribe("child_process", (message) => {
    const child = childOf(message);
    child?.once("spawn", () => {
      if (basename(child.spawnfile).startsWith("workerd")) guard(child);
    });
  });
}

let isGuarding = false;

function childOf(message: unknown): ChildProcess | undefined {
  if (typeof message !== "object" || message === null || !("process" in message)) return undefined;
  return message.process as ChildProcess;
}

function guard(runtime: ChildProcess): void {
  // Detached: Ctrl-C reaches the whole foreground group, and the guard has to outlast us.
  const watcher = spawn("/bin/sh", ["-c", 'read -r _; kill -9 "$0" 2>/dev/null', String(runtime.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.on("error", () => undefined);
  watcher.unref();
  runtime.once("exit", () => watcher.kill("SIGKILL"));
}
