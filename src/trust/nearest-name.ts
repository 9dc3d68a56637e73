/** @returns the known name that a misspelt one was probably meant to be; null when none is near. */
export function findNearestName(name: string, known: readonly string[]): string | null {
  const tolerated = Math.max(1, Math.floor(Math.min(name.length, 32) / 3));
  const distances = [...new Set(known)].map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  const [nearest] = distances.toSorted((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= tolerated ? nearest.candidate : null;
}

/** How many characters must be added, removed or changed (Levenshtein), case and dashes aside; bounded in its work. */
function editDistance(a: string, b: string): number {
  const [from, to] = [fold(a), fold(b)];
  let line = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 0; row < from.length; row++) line = nextLine(line, row, { character: from[row], to });
  return line.at(-1) ?? 0;
}

function nextLine(
  above: readonly number[],
  row: number,
  { character, to }: { readonly character: string | undefined; readonly to: string },
): number[] {
  const line = [row + 1];
  for (let column = 0; column < to.length; column++) {
    const substituted = (above[column] ?? 0) + (character === to[column] ? 0 : 1);
    line.push(Math.min(substituted, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
  }
  return line;
}

/** "clientId" and "client-id" are "client_id", spelled by another habit. */
function fold(name: string): string {
  return name.slice(0, 64).replaceAll(/[-_]/g, "").toLowerCase();
}
