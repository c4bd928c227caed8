// Copy the tutorials to where the extension's static files are, by language, with an index of their names. What is not
// translated is in English.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const target = join(root, 'kuscia_nb', 'labextension', 'tutorials');
const student = join(root, 'notebooks', 'student');
const isNotebook = name => name.endsWith('.ipynb');
const names = readdirSync(student).filter(isNotebook).sort();
if (names.length === 0) {
  throw new Error(`no notebooks in ${student}`);
}

rmSync(target, { recursive: true, force: true });
for (const [language, folder] of Object.entries({ en: student, zh: join(student, 'zh') })) {
  mkdirSync(join(target, language), { recursive: true });
  for (const name of names) {
    const translated = join(folder, name);
    copyFileSync(existsSync(translated) ? translated : join(student, name), join(target, language, name));
  }
}
writeFileSync(join(target, 'index.json'), JSON.stringify(names));
