import { log, setHandler } from '@temporalio/workflow';
import { pauseSignal, resumeSignal, type PauseNote } from './messages.ts';

/** Whether the run is paused, by whom and why. Setting it twice is the same as once; it survives continue-as-new. */
export interface PauseSwitch {
  readonly note: PauseNote | null;
}

/** Installs the pause and resume handlers. `onPause` runs within the signal's handler, so it must not wait. */
export function installPauseSwitch(initial: PauseNote | null, onPause: () => void): PauseSwitch {
  const state: { note: PauseNote | null } = { note: initial };
  setHandler(
    pauseSignal,
    (args) => {
      if (state.note !== null) return;
      state.note = { at: new Date().toISOString(), by: args?.by ?? null, note: args?.note ?? null };
      log.info('paused', { by: state.note.by, note: state.note.note });
      onPause();
    },
    {
      description:
        'Stop reading within seconds; what is staged still merges. Input (optional): {"by": "...", "note": "..."}',
    },
  );
  setHandler(
    resumeSignal,
    (args) => {
      if (state.note === null) return;
      state.note = null;
      log.info('resumed', { by: args?.by ?? null, note: args?.note ?? null });
    },
    { description: 'Go on after a pause. Input (optional): {"by": "...", "note": "..."}' },
  );
  return state;
}
