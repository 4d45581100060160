import { SyncError } from '../model/errors.ts';
import { exitCode, exitCodeOfKind, type ExitCode } from './exit-code.ts';

/** Ends the command with this exit code and one line on stderr: what is wrong, then what to do. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly next: string | undefined;

  constructor(code: ExitCode, message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.exitCode = code;
    this.next = options.next;
  }
}

export interface ErrorReport {
  readonly message: string;
  readonly next: string | null;
  readonly exitCode: ExitCode;
}

/** What any thrown thing means to the person at the terminal: never a stack, always one line. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof CliError) {
    return { message: error.message, next: error.next ?? null, exitCode: error.exitCode };
  }
  if (error instanceof SyncError) {
    return { message: error.message, next: error.next ?? null, exitCode: exitCodeOfKind(error.kind) };
  }
  const status = grpcStatusOf(error);
  if (status !== null) return reportGrpcStatus(status.code, status.details);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    message: `unexpected: ${oneLine(text)}`,
    next: 'run it again with --debug and report what it prints',
    exitCode: exitCode.runFailed,
  };
}

/** The gRPC status behind an error of the Temporal client, at any depth of its causes; null where there is none. */
export function grpcStatusOf(error: unknown): { code: number; details: string } | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code, details } = cause as { code?: unknown; details?: unknown };
    if (typeof code === 'number' && typeof details === 'string') return { code, details: oneLine(details) };
  }
  return null;
}

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
const notFound = 5;
const deadlineExceeded = 4;
const permissionDenied = 7;
const unavailable = 14;
const unauthenticated = 16;

function reportGrpcStatus(code: number, details: string): ErrorReport {
  switch (code) {
    case unauthenticated:
    case permissionDenied:
      return {
        message: `Temporal refused the credentials: ${details}`,
        next: 'look at TEMPORAL_API_KEY, TEMPORAL_NAMESPACE and the Temporal profile',
        exitCode: exitCode.auth,
      };
    case unavailable:
    case deadlineExceeded:
      return {
        message: `Temporal does not answer: ${details}`,
        next: 'sluice check',
        exitCode: exitCode.unreachable,
      };
    case notFound:
      return { message: `Temporal: ${details}`, next: 'sluice check', exitCode: exitCode.usage };
    default:
      return { message: `Temporal: ${details}`, next: null, exitCode: exitCode.runFailed };
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
