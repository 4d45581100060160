import { createServer } from 'node:net';

/** A TCP port of 127.0.0.1 that was free a moment ago: any for 0, else that one, or null if it is taken. */
export function findFreePort(wanted: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    probe.listen({ port: wanted, host: '127.0.0.1' }, () => {
      const bound = probe.address();
      probe.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : null));
    });
  });
}
