// Copy the tutorials to where the extension's static files are, with an index of their names.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = join(root, 'kuscia_nb', 'labextension', 'tutorials');

const isNotebook = name => name.endsWith('.ipynb');
const folders = [join(root, 'notebooks', 'student'), join(root, 'notebooks')];
const source = folders.find(folder => existsSync(folder) && readdirSync(folder).some(isNotebook));
if (!source) {
  throw new Error(`no notebooks in ${folders.join(' or ')}`);
}

const names = readdirSync(source).filter(isNotebook).sort();
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const name of names) {
  copyFileSync(join(source, name), join(target, name));
}
writeFileSync(join(target, 'index.json'), JSON.stringify(names));
