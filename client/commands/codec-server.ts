import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { exitCode } from '../exit-code.ts';
import { withInterruption } from '../interruption.ts';
import { openConfig } from '../session.ts';
import { defineVerb } from '../verb.ts';
import { portNumber } from '../whole-number.ts';

const usualPort = 8234;
/** Of `sluice dev`, and of the deployment with compose. */
const usualOrigins = [
  'http://127.0.0.1:8233',
  'http://localhost:8233',
  'http://127.0.0.1:8080',
  'http://localhost:8080',
];

interface CodecServerFlags {
  readonly port?: string;
  readonly ui?: string[];
}

export const codecServerCommand = (): Command =>
  defineVerb<CodecServerFlags>({
    usage: 'codec-server',
    summary: 'let the Temporal UI show what is encrypted',
    description: 'Decrypt for the Temporal UI and CLI of this machine, on 127.0.0.1, until Ctrl-C.',
    examples: ['sluice codec-server', 'sluice codec-server --ui http://127.0.0.1:8300'],
    seeAlso: ['dev', 'worker'],
    exits: [0, 2],
    flags: (command) =>
      command
        .option('--port <n>', `where to listen (default: ${usualPort})`)
        .option('--ui <origin...>', 'origin of a Temporal UI that may ask (default: the local ones)'),
    run: async ({ options, output }) => {
      const { config } = await openConfig(options);
      const keyRing = config.keyRing();
      if (keyRing.keys.size === 0) {
        throw new CliError(exitCode.usage, 'config has no encryption.keys, so nothing is encrypted', {
          next: 'see docs/security.md',
        });
      }
      const [{ serveCodec }, { payloadCodec }] = await Promise.all([
        import('../../codec/codec-server.ts'),
        import('../../codec/payload-codec.ts'),
      ]);
      const server = await serveCodec({
        codec: payloadCodec(keyRing),
        port: options.port === undefined ? usualPort : portNumber(options.port, '--port'),
        origins: options.ui ?? usualOrigins,
      });
      try {
        await withInterruption(async (signal) => {
          output.talk(`ready: ${server.url}; in the UI set it as the codec server, or temporal --codec-endpoint`);
          output.document('codec-server', { url: server.url });
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        });
      } finally {
        await server.close();
      }
      return exitCode.done;
    },
  });
