import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StreamSettings } from '../../../model/stream-settings.ts';
import { reportError } from '../../cli-error.ts';
import { judgeConfigFile } from '../checks/config-file.ts';
import { judgeVariables, type SectionFacts } from '../checks/config-variables.ts';
import { judgeDiskSpace } from '../checks/disk-space.ts';
import { judgeNodeVersion } from '../checks/node-version.ts';
import { judgeStageFolder, type FolderFacts } from '../checks/stage-folder.ts';
import { skipped, type DoctorFinding } from '../doctor-finding.ts';
import type { Examination } from '../examination.ts';

/** This machine: what a worker started from this shell would find. */
export async function examineConfig({ session, streams }: Examination): Promise<DoctorFinding[]> {
  const { config } = session;
  const envPath = join(dirname(config.path), '.env');
  return [
    judgeNodeVersion(process.versions.node),
    judgeConfigFile({
      path: config.path,
      envPath: existsSync(envPath) ? envPath : null,
      dataDir: config.dataDir,
      streams: config.streamNames.length,
    }),
    ...judgeVariables(readSections({ session, streams })),
    judgeStageFolder(readFolder(config.stageDir)),
    examineDisk({ session, streams }),
  ];
}

function readSections({ session: { config }, streams }: Pick<Examination, 'session' | 'streams'>): SectionFacts[] {
  const sections = new Map<string, SectionFacts>();
  const read = <T>(section: string, ask: () => T): T | null => {
    try {
      const value = ask();
      sections.set(section, { section, problem: null, next: null });
      return value;
    } catch (error) {
      const { message, next } = reportError(error);
      sections.set(section, { section, problem: message, next });
      return null;
    }
  };
  for (const name of streams) {
    const stream = read(`stream ${name}`, () => config.stream(name));
    if (stream === null) continue;
    read(`source ${stream.source}`, () => config.source(stream.source));
    read(`destination ${stream.destination}`, () => config.destination(stream.destination));
    if (stream.hashedProperties.length > 0) read('SLUICE_HASH_KEY', () => config.hashKey());
  }
  return [...sections.values()];
}

/** Creates nothing. */
function readFolder(path: string): FolderFacts {
  const existing = nearestExisting(path);
  const { mode, uid } = statSync(existing);
  return {
    path,
    isPresent: existing === path,
    isWritable: isWritable(existing),
    mode: mode & 0o7777,
    isOwn: process.getuid?.() === uid,
  };
}

function examineDisk({ session: { config }, streams }: Pick<Examination, 'session' | 'streams'>): DoctorFinding {
  const path = config.stageDir;
  try {
    const { bavail, bsize } = statfsSync(nearestExisting(path));
    const chunkRecords = Math.max(0, ...streams.map((name) => recordsPerMerge(config.stream(name))));
    return judgeDiskSpace({ path, freeBytes: bavail * bsize, chunkRecords, streams: streams.length });
  } catch (error) {
    return skipped('disk-space', path, reportError(error).message);
  }
}

function nearestExisting(path: string): string {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? path : nearestExisting(parent);
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function recordsPerMerge({ chunkRecords, batchesPerMerge }: StreamSettings): number {
  return chunkRecords * batchesPerMerge;
}
