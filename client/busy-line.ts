import { clockText } from './duration.ts';
import { canRepaint, createRepaint } from './repaint.ts';

const paintMs = 1_000;
const appendEveryMs = 30_000;
/** Quick answers and early errors need no such line. */
const quietMs = 2_000;

/** Shows on stderr that work without figures is still under way, and for how long. */
export async function withBusyLine<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
  const startedMs = Date.now();
  const line = (): string => `${label}  ${clockText(Date.now() - startedMs)}`;
  const isLive = canRepaint(process.env, { isTerminal: process.stderr.isTTY === true });
  const repaint = createRepaint(process.stderr);
  const show = isLive
    ? () => repaint([line()])
    : () => void process.stderr.write(`${new Date().toISOString().slice(0, 19)}Z ${line()}\n`);
  let timer = setTimeout(() => {
    show();
    timer = setInterval(show, isLive ? paintMs : appendEveryMs);
  }, quietMs);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    if (isLive) repaint([]);
  }
}
