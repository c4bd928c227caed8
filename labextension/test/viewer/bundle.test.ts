import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

const SHIPPED = join(import.meta.dirname, '..', '..', '..', 'kuscia_nb', 'static', 'trace_viewer.js');

it('is made of these modules: npm run build:viewer', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'viewer-'));
  try {
    const file = join(folder, 'trace_viewer.js');
    execFileSync('npm', ['run', '--silent', 'build:viewer', '--', `--outfile=${file}`]);
    expect(readFileSync(SHIPPED, 'utf-8') === readFileSync(file, 'utf-8')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
