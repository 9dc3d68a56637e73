/**
 * The tools that a server may take a message of the gateway's to call (it never repeats a member), also one that folds case
 * or reads what is no JSON. The text of arguments is nobody's name.
 */
export function toolsNamedIn(body: string): readonly string[] {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    return [body];
  }
  const names = membersOf(message, "params").flatMap((params) => membersOf(params, "name"));
  return names.map((name) => (typeof name === "string" ? name : JSON.stringify(name)));
}

function membersOf(value: unknown, wanted: string): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => membersOf(item, wanted));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (name.toLowerCase() === wanted ? [member] : []));
}
