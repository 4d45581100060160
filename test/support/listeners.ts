import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The state of a socket that listens: https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/include/net/tcp_states.h */
const listening = '0A';

/** Whether this system tells who listens where. */
export const canTellListeners = process.platform === 'linux';

/** Addresses at which a process listens, as the system knows them: `127.0.0.1:7233`, or `[…]:port` for IPv6. */
export function listenersOf(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === listening && own.has(`socket:[${inode}]`))
      .map(([, local = '']) => addressText(local)),
  );
}

/** `0100007F:1C41`: the host in the machine's byte order, the port as it is. */
function addressText(local: string): string {
  const [host = '', port = ''] = local.split(':');
  const bytes = Buffer.from(host, 'hex');
  const portText = Number.parseInt(port, 16);
  return bytes.length === 4 ? `${[...bytes].reverse().join('.')}:${portText}` : `[${host}]:${portText}`;
}
