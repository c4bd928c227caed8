import type { Language, LRLanguage } from '@codemirror/language';
import { LanguageSupport } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { Prec } from '@codemirror/state';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { Input, SyntaxNodeRef } from '@lezer/common';
import { parseMixed } from '@lezer/common';

import type { Magic } from '../kernel/protocol';

/** The MIME types of what is below the magics. */
export const MIME_TYPES = { kusciajob: 'text/x-kusciajob', bfia_submit: 'application/json' };

/** Let JupyterLab know the language of manifests: YAML with JSON in it. */
export function addLanguage(languages: IEditorLanguageRegistry): void {
  languages.addLanguage({
    name: 'KusciaJob',
    mime: MIME_TYPES.kusciajob,
    load: async () => {
      const { yamlLanguage } = await import('@codemirror/lang-yaml'); // JupyterLab's own cannot have JSON in it
      const json = (await languages.getLanguage(MIME_TYPES.bfia_submit))?.support;
      return new LanguageSupport(json ? withJson(yamlLanguage, json.language) : yamlLanguage);
    }
  });
}

/** The highlighting of a magic's cells, in front of that of the notebook's language. */
export async function highlighting(magic: Magic, languages: IEditorLanguageRegistry): Promise<Extension> {
  return Prec.highest((await languages.getLanguage(MIME_TYPES[magic]))?.support ?? []);
}

/** YAML whose texts are JSON where they begin like an object, as those of `taskInputConfig`. */
function withJson(yaml: LRLanguage, json: Language): Language {
  const wrap = parseMixed((node, input) => {
    const [from, to] = literal(node, input);
    const isObject = from < to && /^\s*\{/.test(input.read(from, to));
    return isObject ? { parser: json.parser, overlay: [{ from, to }] } : null;
  });
  return yaml.configure({ wrap });
}

/** From where to where the text of a literal is; nowhere, if a node is none. */
function literal(node: SyntaxNodeRef, input: Input): [number, number] {
  if (node.name === 'BlockLiteralContent') {
    return [node.from, node.to];
  }
  const isSingleQuoted = node.name === 'QuotedLiteral' && input.read(node.from, node.from + 1) === "'";
  return isSingleQuoted ? [node.from + 1, node.to - 1] : [0, 0];
}
