import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.ts';
import { exitCode } from './exit-code.ts';

/** One thing to know: from its flag, from a person, or as usual. */
export interface Question<Name extends string> {
  readonly name: Name;
  readonly flag: string;
  readonly text: string;
  readonly usual: string;
  /** What is wrong with an answer, without repeating one that may be a secret; null for a good one. */
  readonly problem: (answer: string) => string | null;
}

/** Asks a person one line; rejects where nobody is there any more. */
export type Ask = (prompt: string) => Promise<string>;

/** How what no flag says comes about: by asking, or as usual; null where it must be said. */
export type Unsaid = { readonly ask: Ask; readonly tell: (line: string) => void } | 'usual' | null;

/** Answers every question. Throws a usage error that names the flags which are missing or wrong. */
export async function answerQuestions<Name extends string>(
  questions: readonly Question<Name>[],
  given: Readonly<Partial<Record<Name, string>>>,
  unsaid: Unsaid,
): Promise<Record<Name, string>> {
  for (const { name, flag, problem } of questions) {
    const wrong = given[name] === undefined ? null : problem(given[name]);
    if (wrong !== null) throw new CliError(exitCode.usage, `${flag}: ${wrong}`);
  }
  const open = questions.filter(({ name }) => given[name] === undefined);
  if (open.length > 0 && unsaid === null) {
    throw new CliError(
      exitCode.usage,
      `nobody can be asked here, and ${open.map(({ flag }) => flag).join(', ')} ${open.length === 1 ? 'is' : 'are'} not given; nothing was written`,
      { next: `give ${open.length === 1 ? 'it' : 'them'}, or --yes for the usual: ${usualText(open)}` },
    );
  }
  const answers: Partial<Record<Name, string>> = { ...given };
  for (const question of open) {
    answers[question.name] =
      unsaid === null || unsaid === 'usual' ? question.usual : await askUntilGood(question, unsaid);
  }
  return answers as Record<Name, string>;
}

async function askUntilGood(
  { text, usual, problem }: Question<string>,
  { ask, tell }: { readonly ask: Ask; readonly tell: (line: string) => void },
): Promise<string> {
  for (;;) {
    const answer = (await ask(`${text} [${usual}] `)).trim() || usual;
    const wrong = problem(answer);
    if (wrong === null) return answer;
    tell(wrong);
  }
}

function usualText(questions: readonly Question<string>[]): string {
  return questions.map(({ flag, usual }) => `${flag} ${usual}`).join(' ');
}

/** Runs `use` with somebody to ask on this terminal. The end of input, or Ctrl-C, is the end of the command. */
export async function withPerson<T>(use: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const stopped = new AbortController();
  terminal.on('close', () => stopped.abort());
  terminal.on('SIGINT', () => stopped.abort());
  try {
    return await use(async (prompt) => {
      try {
        return await terminal.question(prompt, { signal: stopped.signal });
      } catch (error) {
        if (!stopped.signal.aborted) throw error;
        process.stderr.write('\n');
        throw new CliError(exitCode.interrupted, 'stopped; nothing was written', { cause: error });
      }
    });
  } finally {
    terminal.close();
  }
}

/** Whether a person sits in front of this process. */
export function canAskPerson(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && !process.env['CI'];
}
