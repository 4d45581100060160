/** A workflow whose code fails its every task, as after a deploy of what cannot replay it. */
export async function backfill(): Promise<never> {
  throw new Error('the new code is broken');
}
