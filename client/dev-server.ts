import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const devServerSchema = z.object({
  address: z.string().min(1),
  uiUrl: z.string().nullable(),
  pid: z.int().positive(),
  startedAt: z.string(),
  taskQueue: z.string(),
});

/** What `sluice dev` leaves beside the config while it lives, for other commands to find it. */
export type DevServer = z.infer<typeof devServerSchema>;

function devServerPath(dataDir: string): string {
  return join(dataDir, 'dev.json');
}

/** The `sluice dev` of the config with this data folder, or null: none was started, it has ended, or its file was left by a process now gone. */
export function readDevServer(dataDir: string): DevServer | null {
  let text: string;
  try {
    text = readFileSync(devServerPath(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const parsed = devServerSchema.safeParse(parseJson(text));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : null;
}

/** Lets other commands find this process's server; the function it returns takes that back. */
export function announceDevServer(dataDir: string, devServer: DevServer): () => void {
  const path = devServerPath(dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${JSON.stringify(devServer, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return () => rmSync(path, { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
