import type { TranslationBundle } from '@jupyterlab/translation';
import { Button } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IOperator } from '../kernel/protocol';
import { size } from '../panel/words';
import { textAt } from './draft';
import { ChoiceInput, FieldView, ParameterView } from './field';
import type { FormModel } from './model';

interface IPartyProps {
  model: FormModel;
  node: string;
  operator: IOperator;
  /** Show the first rows of a file. */
  preview: (node: string, name: string) => void;
  trans: TranslationBundle;
}

/** What a party has for itself: its data file and its own parameters. */
export function PartyView(props: IPartyProps): JSX.Element {
  const { model, node, operator, trans } = props;
  const isHost = model.draft.initiator === node;
  return (
    <fieldset>
      <legend>{isHost ? trans.__('%1, host: starts the job', node) : trans.__('%1, guest', node)}</legend>
      <FileField {...props} input={operator.inputs[0]} />
      {operator.parameters
        .filter(parameter => parameter.own)
        .map(parameter => (
          <ParameterView
            key={parameter.name}
            {...{ model, parameter, trans }}
            field={['own', node, parameter.name]}
          />
        ))}
    </fieldset>
  );
}

/** One of the node's data files, or a new one. */
function FileField(props: IPartyProps & { input: string }): JSX.Element {
  const { model, node, input, preview, trans } = props;
  const chooser = React.useRef<HTMLInputElement>(null);
  const field = ['inputs', node, input];
  const files = model.form?.files[node] ?? [];
  const options = files.map(file => ({ value: file.name, label: `${file.name} (${size(file.bytes)})` }));
  const upload = (event: React.ChangeEvent<HTMLInputElement>): void => {
    const [file] = Array.from(event.target.files ?? []);
    event.target.value = ''; // so that the same file can be chosen again
    if (file) {
      void model.upload(node, input, file);
    }
  };
  return (
    <FieldView
      {...{ model, field }}
      label={trans.__('data file (%1)', input)}
      required
      help={trans.__('A CSV file of %1; only %1 reads it.', node)}
    >
      {attributes => (
        <>
          <ChoiceInput
            {...{ model, field, attributes }}
            options={[{ value: '', label: trans.__('choose a file') }, ...options]}
          />
          <Button
            className="jp-mod-styled"
            aria-label={trans.__('Upload a CSV file for %1', node)}
            onClick={() => chooser.current?.click()}
          >
            {trans.__('Upload…')}
          </Button>
          <Button
            className="jp-mod-styled"
            aria-label={trans.__('Preview the file of %1', node)}
            disabled={!textAt(model.draft, field)}
            onClick={() => preview(node, textAt(model.draft, field))}
          >
            {trans.__('Preview')}
          </Button>
          <input ref={chooser} type="file" accept=".csv" hidden onChange={upload} />
        </>
      )}
    </FieldView>
  );
}
