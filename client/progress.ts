import { progressLine, type ProgressFigures } from './progress-line.ts';
import { canRepaint, createRepaint } from './repaint.ts';

const paintMs = 250;
const appendEveryMs = 30_000;

export interface ProgressBoard {
  /** The newest figures of one stream; repeated figures cost nothing. */
  update(figures: ProgressFigures): void;
  close(): void;
}

/** Shows the progress of some streams on stderr, as the terminal allows. */
export function openProgressBoard(streams: readonly string[]): ProgressBoard {
  const labelWidth = Math.max(...streams.map((stream) => stream.length));
  return canRepaint(process.env, { isTerminal: process.stderr.isTTY === true })
    ? openLiveBoard(process.stderr, streams, labelWidth)
    : openAppendingBoard((line) => process.stderr.write(`${line}\n`), labelWidth);
}

function openLiveBoard(terminal: NodeJS.WriteStream, streams: readonly string[], labelWidth: number): ProgressBoard {
  const latest = new Map<string, { figures: ProgressFigures; atMs: number }>();
  const repaint = createRepaint(terminal);
  const paint = (): void => {
    const nowMs = Date.now();
    const shown = streams.map((stream) => latest.get(stream)).filter((entry) => entry !== undefined);
    repaint(shown.map(({ figures, atMs }) => progressLine(countedDown(figures, nowMs - atMs), labelWidth)));
  };
  const timer = setInterval(paint, paintMs);
  return {
    update: (figures) => void latest.set(figures.view.stream, { figures, atMs: Date.now() }),
    close: () => {
      clearInterval(timer);
      paint();
    },
  };
}

function countedDown(figures: ProgressFigures, elapsedMs: number): ProgressFigures {
  const { remainingMs } = figures;
  return remainingMs === null ? figures : { ...figures, remainingMs: Math.max(0, remainingMs - elapsedMs) };
}

/** One timestamped line per stream each 30 s and whenever its state changes. */
export function openAppendingBoard(
  write: (line: string) => void,
  labelWidth: number,
  now: () => Date = () => new Date(),
): ProgressBoard {
  const shown = new Map<string, { state: string; atMs: number }>();
  return {
    update: (figures) => {
      const { stream, state } = figures.view;
      const at = now();
      const last = shown.get(stream);
      if (last?.state === state && at.getTime() - last.atMs < appendEveryMs) return;
      shown.set(stream, { state, atMs: at.getTime() });
      write(`${at.toISOString().slice(0, 19)}Z ${progressLine(figures, labelWidth)}`);
    },
    close: () => {},
  };
}
