/**
 * This build of Node 26, a long-term-support line, does not say that it is one, and oidc-provider warns about every Node
 * that does not. To be imported before it.
 */
if (Number.parseInt(process.versions.node, 10) >= 22 && process.release.lts === undefined) {
  Object.defineProperty(process.release, "lts", { value: "Unnamed", enumerable: true });
}
