import type { z } from 'zod';
import { SyncError } from '../../model/errors.ts';

/** An answer in its documented shape; `Unavailable` for one that has another, since a gateway may have answered. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, json: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new SyncError('Unavailable', `HubSpot ${where}: the answer has not the documented shape`);
}
