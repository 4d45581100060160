/** Variables that name a real system, or would lead a child process to one. */
const realSystems = /^(HUBSPOT_|TEMPORAL_|SNOWFLAKE_|SALESFORCE_|SF_|PG|DATABASE_URL$|SLUICE_|OTEL_)/;

/**
 * This process's environment without anything that names a real system, so that no demo and no test reaches one by
 * accident; plus what is given.
 */
export function isolatedEnvironment(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !realSystems.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...given };
}
