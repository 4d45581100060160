/**
 * Milliseconds of the machine's monotonic clock: one for all processes, and not set by anybody. It begins anew with the machine,
 * and a process in a container sees the same one.
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}
