import { configInvalid } from './problem.ts';
import type { Environment } from './references.ts';
import { parseSwitch, switchWordsText } from './switch-word.ts';

const variable = 'SLUICE_INCREMENTAL_ENABLED';

/** What the environment says of `incremental.enabled`, for every stream; null where it is not set, or empty. */
export function readIncrementalSwitch(environment: Environment): boolean | null {
  const text = environment[variable] ?? '';
  if (text === '') return null;
  const isOn = parseSwitch(text);
  if (isOn === null) throw configInvalid([`the variable ${variable} must be ${switchWordsText}`]);
  return isOn;
}
