import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { hasNoPython, needsPython } from '../support/snowflake-under-test.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const program = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url));

describe.skipIf(hasNoPython)(`the demo into Snowflake (${needsPython})`, () => {
  it('brings an account, follows its changes, and finds every value equal', { timeout: 300_000 }, async () => {
    await using folder = await temporaryFolder();
    const flags = ['--destination', 'snowflake', '--contacts', '1000', '--unlimited', '--no-stay'];
    // With the caches of whoever runs it: the demo keeps its own processes from anything else.
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...flags], { cwd: folder.path });
    expect(stderr).toContain('the account changes: 3 contacts changed, 1 new, 1 archived');
    expect(stdout).toMatch(/^ {2}rows +1,000, all [\d,]{5,} values equal to the simulator's$/m);
    expect(stdout).toMatch(/^ {2}table +hubspot\.contacts in the emulated account/m);
    expect(stdout).toMatch(/^ {2}account +[1-9]\d+ statements, [1-9]\d* files \(\d\.\d MB\) staged/m);
  });
});
