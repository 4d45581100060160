/**
 * Program: runs the command given as arguments, and stops it when the channel to the process that forked this one closes.
 * The kernel closes the channel however that process ends, SIGKILL included, so no server is left behind.
 */
import { spawn } from 'node:child_process';

const termWithinMs = 5_000;
const [command = '', ...args] = process.argv.slice(2);
const server = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

server.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
server.on('exit', (code) => process.exit(code ?? 1));

function stop(): void {
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), termWithinMs);
}

process.on('disconnect', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (process.connected) process.send?.({ pid: server.pid });
else stop();
