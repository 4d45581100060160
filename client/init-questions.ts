import type { StarterAnswers } from '../config/starter.ts';
import { isVariableName, starterDestinations, starterOf, starterSources, streamsProblem } from '../config/starter.ts';
import type { Question } from './ask-questions.ts';

/** `place` is what says which destination it is: a file, an account. */
export type InitAnswer = 'source' | 'tokenEnv' | 'place' | 'streams' | 'schedules';

/** Where there is but one kind, there is nothing to ask. */
export const sourceQuestion: Question<'source'> = {
  name: 'source',
  flag: '--source',
  text: `Kind of source (${starterSources.join(', ')})`,
  usual: starterSources[0]!,
  problem: (answer) => (starterSources.includes(answer) ? null : `give one of ${starterSources.join(', ')}`),
};

/** What is wrong with a kind of destination; null for one that there is. Nobody is asked for it: the usual one needs no account. */
export function destinationProblem(kind: string): string | null {
  return starterDestinations.includes(kind) ? null : `give one of ${starterDestinations.join(', ')}`;
}

/** The other four, whose usual answers depend on the kinds of source and destination. */
export function questionsFor(
  source: string,
  destinationKind: string,
): readonly Question<Exclude<InitAnswer, 'source'>>[] {
  const { secret, streams, destination } = starterOf(source, destinationKind);
  return [
    {
      name: 'tokenEnv',
      flag: '--token-env',
      text: `Environment variable that holds ${secret.what}`,
      usual: secret.variable,
      problem: (answer) =>
        isVariableName(answer) ? null : 'that is not the name of a variable; the token itself must not stand here',
    },
    {
      name: 'place',
      flag: `--${destination.option}`,
      text: destination.question,
      usual: destination.value,
      problem: (answer) => (answer.trim() === '' ? 'it is empty' : null),
    },
    {
      name: 'streams',
      flag: '--streams',
      text: 'Streams, with commas between',
      usual: streams.join(','),
      problem: (answer) => streamsProblem(streamList(answer)),
    },
    {
      name: 'schedules',
      flag: '--schedules',
      text: 'Keep them in step by schedules (on, off)',
      usual: 'on',
      problem: (answer) => (scheduleWord(answer) === null ? 'give on or off' : null),
    },
  ];
}

export function toStarter(
  answers: Readonly<Record<InitAnswer, string>>,
  { url, destinationKind }: Pick<StarterAnswers, 'url' | 'destinationKind'>,
): StarterAnswers {
  return {
    source: answers.source,
    secretVariable: answers.tokenEnv,
    url,
    destinationKind,
    destination: answers.place,
    streams: streamList(answers.streams),
    schedules: scheduleWord(answers.schedules) ?? 'off',
  };
}

function streamList(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))];
}

function scheduleWord(answer: string): 'on' | 'off' | null {
  if (/^(on|y|yes)$/i.test(answer)) return 'on';
  return /^(off|n|no)$/i.test(answer) ? 'off' : null;
}
