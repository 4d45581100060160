/** The oldest major version that runs Sluice; `engines` of package.json says the same. */
export const oldestNode = 24;

/** Null where a version of Node, as `24.1.0`, is new enough; else one line for the terminal. */
export function nodeProblem(version: string): string | null {
  const major = Number(version.split('.')[0]);
  if (major >= oldestNode) return null;
  return `sluice: Node ${version} is too old; next: run it with Node ${oldestNode} or newer (node --version tells)`;
}
