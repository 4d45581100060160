/** What the process says to the script that called it. Stable: scripts depend on these numbers. */
export const exitCode = {
  done: 0,
  runFailed: 1,
  usage: 2,
  rejects: 3,
  auth: 4,
  unreachable: 5,
  stillRunning: 6,
  needsYes: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** One line each, as `--help` prints them. */
export const exitCodeMeaning: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'the run failed or was cancelled',
  2: 'usage or config',
  3: 'done, with rejects or differences',
  4: 'credentials refused',
  5: 'Temporal, a worker, source or destination is out of reach',
  6: 'still running at --timeout',
  7: 'needs --yes, or an approval',
  130: 'interrupted; a run that was started goes on',
};

/** The code for a run or check that failed with this kind; the names are those of `FailureKind`. */
export function exitCodeOfKind(kind: string): ExitCode {
  switch (kind) {
    case 'AuthRejected':
      return exitCode.auth;
    case 'ConfigInvalid':
      return exitCode.usage;
    case 'Unavailable':
      return exitCode.unreachable;
    default:
      return exitCode.runFailed;
  }
}

const gravest: readonly ExitCode[] = [130, 1, 2, 4, 5, 7, 6, 3, 0];

/** The code of several streams together: the first of interrupted, failed, config, auth, unreachable, needs an approval, still running, rejects, done that any has. */
export function gravestExitCode(codes: readonly ExitCode[]): ExitCode {
  return gravest.find((code) => codes.includes(code)) ?? exitCode.done;
}
