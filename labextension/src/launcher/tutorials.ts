import { PathExt, URLExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import { ServerConnection } from '@jupyterlab/services';

/** The folders, below the server's, that the tutorials are copied into, by language. */
const FOLDERS = { en: 'kuscia-tutorials', zh: 'kuscia-tutorials-zh' };

export type Language = keyof typeof FOLDERS;

/** Where the tutorials are served: by language; a file index.json has their names, in their order. */
export class Shelf {
  constructor(
    private _address: string,
    private _settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {}

  /** The names of the notebooks. */
  async names(): Promise<string[]> {
    return (await this._read('index.json')) as string[];
  }

  /** The content of a notebook. */
  async notebook(language: Language, name: string): Promise<unknown> {
    return this._read(URLExt.join(language, name));
  }

  private async _read(name: string): Promise<unknown> {
    const url = URLExt.join(this._address, name);
    const response = await ServerConnection.makeRequest(url, {}, this._settings);
    if (!response.ok) {
      throw new ServerConnection.ResponseError(response);
    }
    return response.json();
  }
}

/** The parts of JupyterLab's contents manager that are needed here. */
export type IContents = Pick<Contents.IManager, 'get' | 'save'>;

/**
 * Copy the tutorials to where they can be changed. A file that is there already stays as it is.
 *
 * @returns the path of the first one
 */
export async function copyTutorials(
  shelf: Pick<Shelf, 'names' | 'notebook'>,
  contents: IContents,
  language: Language
): Promise<string> {
  const names = await shelf.names();
  const folder = FOLDERS[language];
  if (!(await namesIn(contents, '')).has(folder)) {
    await contents.save(folder, { type: 'directory' });
  }
  const present = await namesIn(contents, folder);
  for (const name of names.filter(one => !present.has(one))) {
    const content = await shelf.notebook(language, name);
    await contents.save(PathExt.join(folder, name), { type: 'notebook', format: 'json', content });
  }
  return PathExt.join(folder, names[0]);
}

/** What is in a folder. It is listed, as asking for what is not there would be an error in the page's console. */
async function namesIn(contents: IContents, folder: string): Promise<Set<string>> {
  const { content } = (await contents.get(folder)) as { content: Contents.IModel[] };
  return new Set(content.map(one => one.name));
}
