import { type Revocable, revocableSchema } from "../../src/revocation/revocable.ts";
import { UsageError } from "../command-error.ts";

interface Kind {
  readonly kind: Revocable["kind"];
  /** Members in the order in which they are typed; those in `optional` may be left off the end. */
  readonly members: readonly string[];
  readonly optional?: readonly string[];
  /** Whether a fresh sign-in means something: whoever holds a stolen key signs any sign-in that he likes. */
  readonly hasSignIns: boolean;
}

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ["subject", { kind: "subject", members: ["issuer", "subject"], optional: ["tenant"], hasSignIns: true }],
  ["principal", { kind: "principal", members: ["principal"], hasSignIns: true }],
  ["client", { kind: "client", members: ["client_id"], hasSignIns: true }],
  ["idp", { kind: "idp", members: ["issuer"], hasSignIns: true }],
  ["organization", { kind: "organization", members: ["organization"], hasSignIns: true }],
  ["resource", { kind: "resource", members: ["resource"], hasSignIns: true }],
  ["connection", { kind: "connection", members: ["organization", "client_id", "resource"], hasSignIns: true }],
  ["key", { kind: "key", members: ["issuer", "key_id"], hasSignIns: false }],
  ["signing-key", { kind: "signing_key", members: ["key_id"], hasSignIns: false }],
  ["token", { kind: "token", members: ["token_id"], hasSignIns: false }],
] as const);

/** What the words after `revoke` or `restore` name. @throws UsageError with how it is said */
export function parseNamed(words: readonly string[]): Revocable {
  const [name = "", ...values] = words;
  const { kind, members, optional = [] } = kindOf(name);
  const all = [...members, ...optional];
  const spelled = [...members, ...optional.map((member) => `[${member}]`)].map((member) => member.toUpperCase());
  const said = `Say: ${[name, ...spelled].join(" ")}.`;
  if (values.length < members.length)
    throw new UsageError(`${name}: ${members[values.length] ?? ""} is missing. ${said}`);
  if (values.length > all.length) throw new UsageError(`Unexpected "${values.slice(all.length).join(" ")}". ${said}`);
  const named = Object.fromEntries(values.map((value, at) => [all[at] ?? "", value]));
  const parsed = revocableSchema.safeParse({ kind, ...named });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`${name}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong shape"}. ${said}`);
}

/** @throws UsageError where there is no sign-in that could be made anew */
export function requireSignIns(name: string): void {
  if (kindOf(name).hasSignIns) return;
  const withSignIns = [...KINDS].flatMap(([other, { hasSignIns }]) => (hasSignIns ? [other] : []));
  throw new UsageError(`--sign-in-again goes with ${withSignIns.join(", ")}: a ${name} has no sign-in of its own.`);
}

/** For people: what it is, and its values as they were typed. */
export function describeNamed({ kind, ...named }: Revocable): string {
  return [kind.replace("_", "-"), ...Object.values(named)].join(" ");
}

function kindOf(name: string): Kind {
  const found = KINDS.get(name);
  if (found === undefined) throw new UsageError(`"${name}": say one of ${[...KINDS.keys()].join(", ")}.`);
  return found;
}
