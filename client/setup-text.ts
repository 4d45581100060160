import type { SetupStep } from '../config/starter.ts';

const comments: Readonly<Record<SetupStep['language'], string>> = { shell: '#', sql: '--' };

/** The steps to be copied one by one, each under a comment of its own language. */
export function setupText(steps: readonly SetupStep[]): string {
  return steps
    .map(({ title, language, lines }, index) => `${comments[language]} ${index + 1}. ${title}\n${lines.join('\n')}\n`)
    .join('\n');
}
