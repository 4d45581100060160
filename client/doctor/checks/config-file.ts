import { failed, ok, type DoctorFinding } from '../doctor-finding.ts';

export type ConfigFacts =
  | {
      readonly path: string;
      /** Of the `.env` beside it; null where there is none. */
      readonly envPath: string | null;
      readonly dataDir: string;
      readonly streams: number;
    }
  | { readonly problem: string; readonly next: string | null };

/** Which files were read, by their whole paths: relative ones in the config count from its folder. */
export function judgeConfigFile(facts: ConfigFacts): DoctorFinding {
  if ('problem' in facts) {
    return failed('config-file', 'config', facts.problem, { mend: facts.next ?? 'correct the file', kind: 'config' });
  }
  const env = facts.envPath === null ? 'no .env beside it' : `variables also from ${facts.envPath}`;
  return ok('config-file', facts.path, `${facts.streams} streams; ${env}; data in ${facts.dataDir}`);
}
