import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import * as React from 'react';

import { MIME_TYPES } from '../editor/language';
import type { Magic } from '../kernel/protocol';

/** The text of a cell, highlighted. */
export function Preview(props: {
  cell: string;
  format: Magic;
  languages: IEditorLanguageRegistry;
  label: string;
}): JSX.Element {
  const { cell, format, languages, label } = props;
  const element = React.useRef<HTMLPreElement>(null);
  React.useEffect(() => {
    const target = document.createElement('code');
    let isOutdated = false;
    const language = languages.findByMIME(MIME_TYPES[format]);
    void languages.highlight(cell, language, target).then(() => {
      if (!isOutdated) {
        element.current?.replaceChildren(target);
      }
    });
    return () => {
      isOutdated = true;
    };
  }, [cell, format, languages]);
  return (
    <pre ref={element} className="jp-kuscia-nb-Form-preview" aria-label={label} role="region" tabIndex={0} />
  );
}
